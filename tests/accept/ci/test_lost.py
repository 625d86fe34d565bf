"""A controller that is killed in the middle of an attempt: that is tried again, and no model stays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests import trying
from tests.e2e.conftest import Site, site_of

pytestmark = [pytest.mark.e2e, pytest.mark.nspawn, pytest.mark.heavy]

DIES = """#!/bin/sh
mkdir {once} 2>/dev/null || exit 0
kill -9 {pid}
while juju status; do :; done
exit 1
"""


def test_a_controller_that_dies_in_the_middle_says_nothing_of_a_revision(tmp_path: Path) -> None:
    made = site_of(tmp_path)
    site = Site(env={**made.env, 'XDG_STATE_HOME': str(tmp_path / 'state')}, folder=tmp_path)
    site.pocket('up')
    try:
        _watch(site, tmp_path)
    finally:
        site.pocket('clean', '--yes')


def _watch(site: Site, tmp_path: Path) -> None:
    repository, once = tmp_path / 'lost', tmp_path / 'once'
    dies = DIES.format(once=once, pid=site.daemon_pid())
    trying.repository(repository, {'manifest': 'script config=prove\n', 'ci/prove': dies})
    config = tmp_path / 'ci.yaml'
    config.write_text(f'repositories:\n- {{url: "file://{repository}", specs: [{{path: specs/tried}}]}}\n')

    def watched() -> tuple[int, dict[str, Any]]:
        done = site.hoodoo('ci', 'watch', str(config), '--once', check=False)
        (row,) = json.loads(site.hoodoo('ci', 'history', 'lost', '--format', 'json').stdout)
        return done.returncode, row

    code, row = watched()
    assert (code, row['state'], row['verdict'], row['tries']) == (3, 'queued', 'undecided', 1), row
    assert row['why'].startswith('the controller went away in the middle, which says nothing of the spec')
    reports = Path(row['reports'])
    assert '## undecided' in (reports / 'summary.md').read_text()
    found = {case.name: case for case in trying.cases(reports / 'junit.xml')}
    assert [name for name, case in found.items() if case.failure is not None] == []
    assert found['script prove'].error is not None
    # Its model could not be removed then. It was afterwards, which has started pocket again.
    assert _ci_models(site) == []

    code, row = watched()
    assert (code, row['state'], row['verdict'], row['tries']) == (0, 'done', 'passed', 2), row
    assert _ci_models(site) == []


def _ci_models(site: Site) -> list[str]:
    models = json.loads(site.juju('models', '--format', 'json').stdout)['models']
    return [model['short-name'] for model in models if model['short-name'].startswith('ci-')]
