"""Files of attempts that nothing else tells of."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from hoodoo import settings
from hoodoo.ci import attempts, leftovers, places
from hoodoo.runner import locks


@pytest.fixture
def opened(tmp_path: Path) -> Generator[attempts.Attempts]:
    made = attempts.Attempts(tmp_path / 'state' / 'hoodoo' / 'ci.db')
    yield made
    made.close()


def test_files_without_a_living_attempt_go_and_others_stay(opened: attempts.Attempts, tmp_path: Path) -> None:
    loaded = settings.load({'HOME': str(tmp_path), 'XDG_STATE_HOME': str(tmp_path / 'state')})
    stray, done, living = (
        places.Places(state=loaded.state, token=token) for token in ('aaaaaaaaaa', 'bbbbbbbbbb', 'cccccccccc')
    )
    other = loaded.state / 'ci' / 'watched' / 'kept'
    for folder in (stray.folder, done.folder, living.folder, done.reports, other):
        folder.mkdir(parents=True)
    for place in (stray, done):
        place.lock.touch()
    opened.begin(token=done.token, spec='s', owner='b s 0 1 2', reports='/out', now_ms=1)
    opened.end(done.token, verdict='passed', why='', now_ms=2)
    reaper = leftovers.Reaper(settings=loaded, attempts=opened, told=lambda _: None, now_ms=3)
    with locks.held(living.lock, 'attempt'):
        reaper.reap(leftovers.Wanted(dry_run=True))
        assert stray.lock.exists()
        reaper.reap(leftovers.Wanted())
    left = sorted(str(path.relative_to(loaded.state / 'ci')) for path in (loaded.state / 'ci').iterdir())
    assert left == ['cccccccccc', 'cccccccccc.lock', 'reports', 'watched']
    assert (done.reports.is_dir(), other.is_dir()) == (True, True)
