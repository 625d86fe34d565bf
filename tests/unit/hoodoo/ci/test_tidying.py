"""Which attempts made by hand are kept, and what goes with those that are not."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bedrock import errors
from hoodoo.ci import attempts, places, tidying

HOUR_MS = 3_600_000
USUAL = tidying.Keep()


@pytest.mark.parametrize(
    ('text', 'wanted'),
    [
        ('', USUAL),
        ('all', tidying.Keep(count=None, age_ms=None)),
        ('20', tidying.Keep(count=20)),
        ('12h', tidying.Keep(age_ms=12 * HOUR_MS)),
        ('500, 365d', tidying.Keep(count=500, age_ms=365 * 24 * HOUR_MS)),
    ],
)
def test_how_much_is_kept(text: str, wanted: tidying.Keep) -> None:
    assert tidying.parse(text) == wanted


@pytest.mark.parametrize('text', ['0', '-1', 'none', '5,', '5m', '9' * 10, 'all,5', '\u0663'])
def test_what_says_nothing_of_that_is_wrong(text: str) -> None:
    with pytest.raises(errors.UsageFault, match='cannot keep'):
        tidying.parse(text)


@dataclass(frozen=True)
class _Ended:
    token: str
    ended_ms: int | None
    in_use: bool = False


@pytest.mark.parametrize(
    ('keep', 'wanted'),
    [
        (tidying.Keep(count=None, age_ms=None), ''),
        (tidying.Keep(count=2, age_ms=None), 'ba'),
        (tidying.Keep(count=None, age_ms=65), 'a'),
        (tidying.Keep(count=3, age_ms=45), 'ba'),
    ],
)
def test_the_old_and_what_is_too_much_go(keep: tidying.Keep, wanted: str) -> None:
    ended = [
        _Ended('f', None),
        _Ended('e', 80),
        _Ended('d', 10, in_use=True),
        _Ended('c', 70),
        _Ended('b', 40),
        _Ended('a', 30),
    ]
    assert tidying.outdated(ended, keep, now_ms=100) == list(wanted)


@pytest.fixture
def opened(tmp_path: Path) -> Generator[attempts.Attempts]:
    made = attempts.Attempts(tmp_path / 'ci.db')
    yield made
    made.close()


def _made(opened: attempts.Attempts, state: Path, letter: str, reports: Path | None = None) -> Path:
    """An attempt that ended, with a report."""
    token = letter * 10
    folder = reports or places.Places(state=state, token=token).reports
    folder.mkdir(parents=True)
    (folder / 'summary.md').touch()
    opened.begin(token=token, spec='s', owner='o', reports=str(folder), now_ms=1)
    opened.end(token, verdict='failed', why='', now_ms=2)
    return folder


def test_what_is_in_use_what_somebody_named_and_what_is_watched_stays(
    opened: attempts.Attempts, tmp_path: Path
) -> None:
    old = _made(opened, tmp_path, 'a')
    named = _made(opened, tmp_path, 'b', tmp_path / 'named')
    kept, asked = _made(opened, tmp_path, 'c'), _made(opened, tmp_path, 'd')
    for letter in 'cd':
        opened.intend(letter * 10, controller='aws', model='m', expires_ms=9, now_ms=1)
    opened.keep('c' * 10, expires_ms=9)
    watched = _made(opened, tmp_path, 'e', places.watched(tmp_path) / '1-eeeeeeee')
    last = _made(opened, tmp_path, 'f')
    # Of one that was killed between the two steps; and what is none of ours.
    stray, other = (places.reports(tmp_path) / name for name in ('0123456789', 'of somebody'))
    for folder in (stray, other):
        folder.mkdir()
    assert tidying.sweep(opened, tmp_path, tidying.Keep(count=1, age_ms=1), now_ms=99) == 2
    assert [row.token[0] for row in opened.newest(9)] == ['f', 'e', 'd', 'c']
    assert not old.exists()
    assert not stray.exists()
    assert all(folder.is_dir() for folder in (named, kept, asked, watched, last, other))
    assert tidying.sweep(opened, tmp_path, tidying.Keep(count=1, age_ms=1), now_ms=99) == 0


def test_nothing_to_remove_is_fine(opened: attempts.Attempts, tmp_path: Path) -> None:
    assert tidying.sweep(opened, tmp_path / 'none', USUAL, now_ms=1) == 0
