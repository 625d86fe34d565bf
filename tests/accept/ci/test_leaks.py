"""A hundred attempts, a tenth of them killed at random moments: once reaped, no model is left."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests import leaks
from tests.e2e import hoststate
from tests.e2e.conftest import Site, site_of

pytestmark = [pytest.mark.e2e, pytest.mark.nspawn, pytest.mark.heavy]

RUNS = int(os.environ.get('CI_RUNS', '100'))


def test_nothing_is_left_of_many_attempts(tmp_path: Path) -> None:
    made = site_of(tmp_path)
    site = Site(env={**made.env, 'XDG_STATE_HOME': str(tmp_path / 'state')}, folder=tmp_path)
    site.pocket('up')
    try:
        before = hoststate.of(site.env)
        asked = leaks.Hunt(runs=RUNS, killed=RUNS // 10, with_machines=RUNS // 10)
        came = leaks.hunt(asked, site.env, tmp_path / 'repos')
        print(f'{dict(came.verdicts)}, {len(came.before)} models left before reaping')  # noqa: T201
        assert came.left == ()
        assert came.folders == ()
        after = hoststate.of(site.env)
        for kind in ('mounts', 'namespaces', 'groups', 'processes'):
            assert before[kind] == after[kind], kind
        assert set(came.verdicts) <= {'0', 'killed'}, came.said
        assert came.verdicts['killed'] >= RUNS // 10 - 2, 'some may end before their moment'
    finally:
        site.pocket('clean', '--yes')
