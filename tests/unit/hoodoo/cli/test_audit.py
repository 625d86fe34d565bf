"""`hoodoo audit`: what it lets through, and how it says it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from hoodoo import cli
from hoodoo.fleet import audit_lines


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A journal of two sessions: ada looks at production and is refused, bob changes staging."""
    monkeypatch.setenv('XDG_STATE_HOME', str(tmp_path))
    folder = tmp_path / 'hoodoo' / 'audit'
    folder.mkdir(parents=True)
    ada = {'event': 'session', 'id': 'a', 'environment': 'mirror/production', 'mode': 'read', 'login': 'ada'}
    bob = {'event': 'session', 'id': 'b', 'environment': 'mirror/staging', 'mode': 'write', 'user': 'bob'}
    records: list[dict[str, Any]] = [
        {**ada, 'kind': 'connect', 'process': '1 0'},
        {'event': 'command', 'id': '1', 'session': 'a', 'argv': ['deploy'], 'writes': True, 'refused': 'no'},
        {**bob, 'kind': 'exec', 'reason': 'ticket 7', 'argv': ['hoodoo', 'run']},
        {'event': 'command', 'id': '2', 'session': 'b', 'argv': ['deploy', 'x'], 'writes': True},
        {'event': 'ended', 'id': '2', 'exit': 0, 'ms': 1234},
        {'event': 'ended', 'id': 'b', 'exit': 0, 'ms': 2000},
    ]
    for record in records:
        audit_lines.add(str(folder), record)
    return folder


@pytest.mark.parametrize(
    ('words', 'what'),
    [
        ([], ['connect', 'juju deploy', 'exec hoodoo run (ticket 7)', 'juju deploy x']),
        (['mirror/staging'], ['exec hoodoo run (ticket 7)', 'juju deploy x']),
        (['*/production', 'none'], ['connect', 'juju deploy']),
        (['--who', 'bob'], ['exec hoodoo run (ticket 7)', 'juju deploy x']),
        (['--writes', '--who', 'ada'], ['juju deploy']),
        (['--since', '1h', '--writes'], ['juju deploy', 'exec hoodoo run (ticket 7)', 'juju deploy x']),
        (['--since', '2999-01-01'], []),
    ],
)
def test_it_shows_what_is_asked_for(
    words: list[str], what: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.invoke(['audit', *words, '--format', 'json']) == 0
    rows: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    assert [row['what'] for row in rows] == what


def test_a_table_has_the_outcomes(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.invoke(['audit']) == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    outcomes = ('unfinished', 'refused', 'done     0     2.0', 'done     0     1.2')
    assert all(outcome.split()[0] in line for outcome, line in zip(outcomes, lines, strict=True))
    assert '1.2' in lines[3]


def test_a_time_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.invoke(['audit', '--since', 'yesterday']) == 2
    assert 'cannot use --since "yesterday"' in capsys.readouterr().err


def test_following_shows_what_comes(kept: Path) -> None:
    import subprocess

    argv = [
        sys.executable,
        '-m',
        'hoodoo',
        'audit',
        '--follow',
        '--writes',
        'mirror/staging',
        '--format',
        'json',
    ]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as following:
        assert following.stdout is not None
        assert [json.loads(following.stdout.readline())['event'] for _ in range(2)] == ['session', 'command']
        audit_lines.add(
            str(kept), {'event': 'command', 'id': '3', 'session': 'b', 'argv': ['refresh'], 'writes': True}
        )
        assert json.loads(following.stdout.readline())['what'] == 'juju refresh'
        audit_lines.add(str(kept), {'event': 'ended', 'id': '3', 'exit': 1, 'ms': 5})
        assert json.loads(following.stdout.readline())['outcome'] == 'failed'
        following.terminate()
