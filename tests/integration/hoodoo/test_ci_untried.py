"""``hoodoo ci run`` where no controller can be had: nothing is said of the spec, and nothing is left."""

from __future__ import annotations

import contextlib
import json
import socket
from pathlib import Path

import pytest

import hoodoo.cli
from hoodoo.ci import attempts
from tests import trying


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The Juju client knows one controller, at a port where nobody listens."""
    with socket.create_server(('127.0.0.1', 0)) as nobody:
        port = nobody.getsockname()[1]
    (tmp_path / 'juju').mkdir()
    (tmp_path / 'juju' / 'controllers.yaml').write_text(
        f'controllers:\n  silent: {{cloud: aws, api-endpoints: ["127.0.0.1:{port}"]}}\n'
        'current-controller: silent\n'
    )
    for name in ('JUJU_CONTROLLER', 'JUJU_MODEL', 'GITHUB_ACTIONS'):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv('JUJU_DATA', str(tmp_path / 'juju'))
    monkeypatch.setenv('HOODOO_JUJU', '/bin/false')
    monkeypatch.setenv('MOJO_ROOT', str(tmp_path / 'mojo'))
    monkeypatch.setenv('XDG_STATE_HOME', str(tmp_path / 'state'))
    return tmp_path / 'state' / 'hoodoo'


@pytest.mark.parametrize(
    ('named', 'code', 'why'),
    [((), 3, 'cannot reach controller "silent"'), (('--controller', 'silnt'), 2, 'cannot find controller')],
)
def test_no_controller_is_no_failure(
    state: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    named: tuple[str, ...],
    code: int,
    why: str,
) -> None:
    spec = trying.repository(
        tmp_path / 'repo', {'manifest': 'script config=prove\n', 'ci/prove': '#!/bin/sh\n'}
    )
    out = tmp_path / 'out'
    words = ['ci', 'run', str(spec), '--reports', str(out), '--format', 'json', *named]
    assert hoodoo.cli.invoke(words) == code
    told = json.loads(capfd.readouterr().out)
    assert (told['verdict'], told['exit_code'], told['model']) == ('untried', code, '')
    assert told['why'].startswith(why)
    found = trying.cases(out / 'junit.xml')
    assert [(case.name, case.failure, bool(case.error)) for case in found] == [
        ('take the revision', None, False),
        ('check', None, False),
        ('find a controller', None, True),
    ]
    with contextlib.closing(attempts.Attempts(state / 'ci.db')) as opened:
        (row,) = opened.newest(9)
        assert (row.verdict, row.model_state, opened.unfinished()) == ('untried', 'gone', [])
    assert list((state / 'ci').iterdir()) == []
