"""What a watcher decides."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from hoodoo.ci import attempts
from hoodoo.ci.watch import config, deciding

A, B, C = 'a' * 40, 'b' * 40, 'c' * 40
SAID = f"""ref: refs/heads/main\tHEAD
{A}\tHEAD
{A}\trefs/heads/main
{B}\trefs/heads/release/1
{C}\trefs/heads/feature
junk
"""


def test_what_git_says_of_a_repository_is_read() -> None:
    found = deciding.listing(SAID)
    assert (found.default, dict(found.heads)) == ('main', {'main': A, 'release/1': B, 'feature': C})
    assert deciding.listing('') == deciding.Listing(default='', heads={})
    assert deciding.listing(f'{A}\tHEAD\n').default == '', 'a head that is no branch'


@pytest.mark.parametrize(
    ('patterns', 'wanted'),
    [
        ((), {'main': A}),
        (('main',), {'main': A}),
        (('release/*',), {'release/1': B}),
        (('*',), {'feature': C, 'main': A, 'release/1': B}),
        (('Main', 'gone'), {}),
    ],
)
def test_which_branches_are_watched(patterns: tuple[str, ...], wanted: dict[str, str]) -> None:
    assert deciding.watched(deciding.listing(SAID), patterns) == wanted


def test_a_repository_without_a_default_branch_needs_names() -> None:
    found = deciding.Listing(default='main', heads={'other': A})
    assert deciding.watched(found, ()) == {}


@pytest.mark.parametrize(
    ('changed', 'path', 'also', 'touched'),
    [
        (['specs/a/manifest'], 'specs/a', (), True),
        (['specs/a'], 'specs/a', (), True),
        (['specs/ab/manifest'], 'specs/a', (), False),
        (['readme'], '', (), True),
        ([], '', (), False),
        (['charms/x/src/charm.py'], 'specs/a', ('charms',), True),
        (['charms/x/src/charm.py'], 'specs/a', ('charms/*/src/*',), True),
        (['charms2/x'], 'specs/a', ('charms/',), False),
        (['readme', 'specs/a/ci/verify'], 'specs/a', (), True),
    ],
)
def test_what_touches_a_spec(changed: list[str], path: str, also: tuple[str, ...], touched: bool) -> None:
    assert deciding.touches(changed, config.Spec(name='x', path=path, also=also)) is touched


@dataclass(frozen=True)
class _One:
    id: int
    seen_ms: int
    committed_ms: int


def test_the_newest_is_next() -> None:
    old, new, newer = _One(1, 10, 99), _One(2, 20, 1), _One(3, 20, 2)
    assert deciding.chosen([old, new, newer], running=0, limit=2) == [newer, new]
    assert deciding.chosen([old, new, newer], running=1, limit=2) == [newer]
    assert deciding.chosen([old], running=3, limit=2) == []


def test_who_was_put_off_waits() -> None:
    some = [_One(1, 1, 1), _One(2, 1, 1), _One(3, 1, 1)]
    ready, later_s = deciding.due(some, {1: 100.0, 2: 90.0, 9: 80.0}, 90.0)
    assert ([one.id for one in ready], later_s) == ([2, 3], 10.0)
    assert deciding.due(some, {}, 90.0) == (some, None)
    assert deciding.due([], {1: 100.0}, 90.0) == ([], None)


@dataclass(frozen=True)
class _Ended:
    id: int
    ended_ms: int
    spec: str = 'a'
    branch: str = 'main'
    repository: str = 'specs'
    watched: bool = True
    in_use: bool = False


@pytest.mark.parametrize(
    ('count', 'age_s', 'wanted'),
    [
        (None, None, []),
        (2, None, [4, 2, 1]),
        (1, None, [5, 4, 2, 1]),
        (None, 50.0, [2, 1]),
        (None, 1.0, [5, 4, 2, 1]),
        (3, 50.0, [2, 1]),
    ],
)
def test_what_is_too_old_or_too_much_goes(count: int | None, age_s: float | None, wanted: list[int]) -> None:
    ended = [
        _Ended(6, 90_000),
        _Ended(5, 80_000),
        _Ended(8, 75_000, spec='b'),
        _Ended(4, 70_000),
        # Each for its reason these stay.
        _Ended(9, 60_000, branch='release'),
        _Ended(7, 55_000, in_use=True),
        _Ended(2, 20_000),
        # The last one of a branch that is gone may go.
        _Ended(1, 10_000, branch='gone', watched=False),
    ]
    keep = config.Keep(count=count, age_s=age_s)
    assert deciding.outdated(ended, lambda repository, spec: keep, now_ms=100_000) == wanted


def test_each_spec_has_bounds_of_its_own() -> None:
    ended = [_Ended(number, 100 - number, spec=spec) for number in range(4) for spec in 'ab']

    def bounds(repository: str, spec: str) -> config.Keep:
        assert repository == 'specs'
        return config.Keep(count=2 if spec == 'a' else 3)

    assert deciding.outdated(ended, bounds, now_ms=100) == [2, 3, 3]


@pytest.mark.parametrize(
    ('poll_s', 'failures', 'wanted'),
    [(60, 0, 60), (60, 1, 120), (60, 3, 480), (60, 99, 3600), (7200, 0, 7200), (7200, 5, 7200)],
)
def test_who_fails_is_asked_less_often(poll_s: float, failures: int, wanted: float) -> None:
    assert deciding.backoff_s(poll_s, failures) == wanted


@pytest.mark.parametrize(
    ('due_ms', 'wanted'),
    [(1_000, 1_000), (9_000, 9_000), (3_605_000, 3_605_000), (3_605_001, 5_000), (9**15, 5_000)],
)
def test_a_clock_that_was_wrong_holds_back_no_notice(due_ms: int, wanted: int) -> None:
    assert deciding.notice_due_ms(due_ms, 5_000) == wanted


@pytest.mark.parametrize(
    ('verdict', 'status', 'stopping', 'tries', 'wanted'),
    [
        ('passed', 0, False, 1, ('done', 'passed', False)),
        ('failed', 1, True, 1, ('done', 'failed', False)),
        ('invalid', 2, False, 1, ('done', 'invalid', False)),
        # It ended while nobody watched.
        ('passed', None, False, 1, ('done', 'passed', False)),
        ('cancelled', 130, True, 1, ('back', 'cancelled', False)),
        ('untried', 3, False, 1, ('later', 'untried', False)),
        ('untried', 2, True, 1, ('back', 'untried', False)),
        ('untried', None, False, 1, ('later', 'untried', False)),
        # Its controller went away, once or again and again.
        ('undecided', 3, False, 1, ('later', 'undecided', False)),
        ('undecided', 3, False, 2, ('later', 'undecided', False)),
        ('undecided', 3, False, 3, ('done', 'undecided', False)),
        ('undecided', 3, True, 1, ('leave', '', False)),
        ('undecided', None, False, 1, ('later', 'undecided', False)),
        ('cancelled', 130, False, 1, ('done', 'cancelled', False)),
        ('running', -9, False, 1, ('again', '', True)),
        ('running', None, False, 1, ('again', '', True)),
        ('interrupted', None, False, 1, ('again', '', True)),
        ('running', -9, False, 2, ('done', 'interrupted', True)),
        ('running', -9, True, 1, ('leave', '', False)),
        # It got to no attempt.
        ('', 2, False, 1, ('later', 'untried', False)),
        ('', -15, True, 1, ('back', '', False)),
        ('', -9, False, 1, ('again', '', False)),
        ('', -9, False, 2, ('done', 'interrupted', False)),
        # It was not let begin.
        ('', None, False, 2, ('back', '', False)),
    ],
)
def test_what_becomes_of_a_revision(
    verdict: str, status: int | None, stopping: bool, tries: int, wanted: tuple[str, str, bool]
) -> None:
    found = deciding.judged(verdict, status=status, stopping=stopping, tries=tries)
    assert (found.step.value, found.verdict, found.reap) == wanted
    # What was no fault of the revision is not asked again without an end.
    assert found.counts is (found.verdict == 'undecided')


@pytest.mark.parametrize(
    ('before', 'now', 'wanted'),
    [
        ('', 'passed', ('each',)),
        ('passed', 'passed', ('each',)),
        ('', 'failed', ('failure', 'each')),
        ('failed', 'invalid', ('failure', 'each')),
        ('failed', 'passed', ('recovery', 'each')),
        ('interrupted', 'passed', ('recovery', 'each')),
        ('passed', 'undecided', ('failure', 'each')),
        ('undecided', 'passed', ('recovery', 'each')),
        ('failed', 'cancelled', ('each',)),
        ('cancelled', 'passed', ('each',)),
    ],
)
def test_what_it_means_that_one_ended(before: str, now: str, wanted: tuple[str, ...]) -> None:
    assert before in ('', *attempts.VERDICTS)
    assert deciding.events(before, now) == wanted


def _target(name: str, on: tuple[str, ...], repositories: tuple[str, ...] = ('*',)) -> config.Target:
    return config.Target(name=name, source=config.Source(file=Path('x')), on=on, repositories=repositories)


def test_who_is_told_and_only_once() -> None:
    targets = [
        _target('failures', ('failure',)),
        _target('all', ('each', 'failure')),
        _target('recoveries', ('recovery',)),
        _target('others', ('each',), ('web-*',)),
    ]
    assert deciding.told(targets, 'specs', ('failure', 'each')) == [
        ('failures', 'failure'),
        ('all', 'failure'),
    ]
    assert deciding.told(targets, 'web-1', ('each',)) == [('all', 'each'), ('others', 'each')]
