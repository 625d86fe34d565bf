"""What is removed of a history, and what stays."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from hoodoo.ci import attempts
from hoodoo.ci.watch import config, history, keeping

DAY_MS = 86_400_000


class Site:
    """A history whose revisions have attempts and reports."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / 'watched'
        self.history = history.History(folder / 'ci.db')
        self.attempts = attempts.Attempts(folder / 'ci.db')
        self.said: list[str] = []

    def saw(self, *commits: str, branch: str = 'main') -> int:
        new = [history.New(spec='a', branch=branch, commit=one, committed_ms=1) for one in commits]
        heads = [history.Head(spec='a', branch=branch, commit=commits[-1])]
        return self.history.saw('specs', heads, new, now_ms=1)

    def attempt(self, revision: int, word: str, verdict: str = 'passed') -> Path:
        reports = self.folder / keeping.name(revision, word)
        reports.mkdir(parents=True)
        (reports / 'summary.md').touch()
        self.history.begin(revision, reports=str(reports), now_ms=revision)
        self.attempts.begin(token=word, spec='s', owner='o', reports=str(reports), now_ms=revision)
        if verdict:
            self.attempts.end(word, verdict=verdict, why='', now_ms=revision)
        return reports

    def end(self, revision: int, tell: tuple[tuple[str, str], ...] = ()) -> None:
        self.history.end(revision, verdict='passed', why='', attempt=1, now_ms=revision * DAY_MS, tell=tell)

    def sweep(self, keep: config.Keep, now_ms: int = 0) -> None:
        spec = config.Spec(name='a', path='a', keep=keep)
        repository = config.Repository(name='specs', url='u', poll_s=60, specs=(spec,))
        watched = config.Config(
            file=Path('ci.yaml'), concurrency=1, repositories=(repository,), listen=None, targets=()
        )
        keeping.Keeper(
            config=watched,
            history=self.history,
            folder=self.folder,
            told=self.said.append,
            now_ms=lambda: now_ms,
        ).sweep()

    def left(self) -> tuple[list[int], list[str], list[str]]:
        """Revisions, folders, and tokens of attempts."""
        return (
            sorted(row.id for row in self.history.newest(99)),
            sorted(path.name for path in self.folder.iterdir()),
            sorted(row.token for row in self.attempts.newest(99)),
        )


@pytest.fixture
def site(tmp_path: Path) -> Generator[Site]:
    made = Site(tmp_path)
    yield made
    made.history.close()
    made.attempts.close()


def test_the_old_go_with_all_that_tells_of_them_and_are_not_new_again(site: Site) -> None:
    site.saw('c1', 'c2', 'c3', 'c4')
    for number in (1, 2, 3, 4):
        site.attempt(number, f'{number}' * 8)
        site.end(number, tell=(('team', 'each'),) if number == 1 else ())
    for notice in site.history.notices():
        site.history.told(notice.id)
    site.sweep(config.Keep(count=2))
    assert site.left() == ([3, 4], ['3-33333333', '4-44444444'], ['33333333', '44444444'])
    assert site.said == ['2 old revisions removed']
    assert (site.history.past.removed('specs'), site.history.past.removed('others')) == (2, 0)
    # A branch is made there anew.
    assert site.saw('c1', branch='old') == 0
    site.sweep(config.Keep(count=2))
    assert len(site.said) == 1


def test_age_is_counted_from_the_end(site: Site) -> None:
    site.saw('c1', 'c2', 'c3')
    for number in (1, 2, 3):
        site.attempt(number, f'{number}' * 8)
        site.end(number)
    site.sweep(config.Keep(count=None, age_s=86_400), now_ms=3 * DAY_MS - 1)
    assert site.left()[0] == [2, 3]


def test_what_is_in_use_stays(site: Site) -> None:
    site.saw('c1', 'c2', 'c3', 'c4', 'c5')
    site.attempt(1, '11111111', verdict='')  # its process may run
    site.attempt(2, '22222222')
    site.attempts.intend('22222222', controller='aws', model='m', expires_ms=9, now_ms=9)
    site.attempt(3, '33333333')
    for number in (1, 2, 3, 4):
        site.end(number, tell=(('team', 'each'),) if number == 3 else ())
    running = site.attempt(5, '55555555', verdict='')
    site.sweep(config.Keep(count=1))
    assert site.left()[0] == [1, 2, 3, 4, 5]
    site.attempts.end('11111111', verdict='interrupted', why='', now_ms=9)
    site.attempts.gone('22222222')
    for notice in site.history.notices():
        site.history.told(notice.id)
    site.sweep(config.Keep(count=1))
    assert site.left()[0] == [4, 5]
    assert running.is_dir()


def test_what_attempts_left_is_known_until_it_is_gone(site: Site) -> None:
    site.saw('c1', 'c2', 'c10')
    site.attempt(1, '11111111', verdict='undecided')
    site.history.later(1, verdict='undecided', why='', attempt=1, now_ms=1, counts=True)
    site.attempt(1, '22222222', verdict='untried')
    site.history.later(1, verdict='untried', why='', attempt=2, now_ms=1)
    site.attempt(2, '33333333')  # which is still removing its model
    site.attempt(3, '44444444')
    site.end(3)
    for word in ('11111111', '33333333', '44444444'):
        site.attempts.intend(word, controller='aws', model='m', expires_ms=9, now_ms=9)
    # One that was made by hand is not the watcher's to remove.
    site.attempts.begin(token='55555555', spec='s', owner='o', reports='/1-55555555', now_ms=1)
    site.attempts.intend('55555555', controller='aws', model='m', expires_ms=9, now_ms=9)
    assert site.history.past.left(site.folder) == [1, 4]
    site.attempts.gone('11111111')
    site.end(2)
    assert site.history.past.left(site.folder) == [3, 4]


def test_folders_of_a_killed_watcher_are_found_and_others_are_not_touched(site: Site) -> None:
    site.saw('c1', 'c2', 'c3')
    site.attempt(1, '11111111', verdict='interrupted')
    site.history.again(1, counts=True)
    site.attempt(1, 'aaaaaaaa')
    site.end(1)
    site.attempt(2, '22222222')
    site.end(2)
    # Killed between the two steps of a removal; before an attempt was written down; a try that begins.
    for name in ('9-99999999', '2-bbbbbbbb', '3-33333333'):
        (site.folder / name).mkdir()
    (site.folder / 'of somebody').mkdir()
    (site.folder / '7-of-somebody').touch()
    site.sweep(config.Keep())
    assert site.left()[1] == [
        '1-11111111',
        '1-aaaaaaaa',
        '2-22222222',
        '3-33333333',
        '7-of-somebody',
        'of somebody',
    ]


def test_no_number_is_given_twice(site: Site) -> None:
    site.saw('c1', branch='gone')
    site.attempt(1, '11111111')
    site.end(1)
    site.history.saw('specs', (), (), now_ms=1, gone=('gone',))
    site.sweep(config.Keep(count=None, age_s=1), now_ms=99 * DAY_MS)
    assert site.left()[0] == [1], 'its number would be the next'
    site.saw('c2')
    site.sweep(config.Keep(count=None, age_s=1), now_ms=99 * DAY_MS)
    assert site.left()[0] == [1, 2], 'and that of its attempt'
    site.attempt(2, '22222222')
    site.sweep(config.Keep(count=None, age_s=1), now_ms=99 * DAY_MS)
    assert site.left() == ([2], ['2-22222222'], ['22222222'])
    assert [row.id for row in site.attempts.newest(9)] == [2]


def test_of_tries_with_nothing_to_try_on_only_the_last_is_kept(site: Site) -> None:
    site.saw('c1')
    first = site.attempt(1, '11111111', verdict='untried')
    assert not site.history.past.drop_untried(str(first)), 'its number would be the next'
    site.attempt(1, '22222222', verdict='untried')
    assert site.history.past.drop_untried(str(first))
    assert site.left()[2] == ['22222222']
    failed = site.attempt(1, '33333333', verdict='failed')
    site.attempt(1, '44444444')
    assert not site.history.past.drop_untried(str(failed))
