"""What a watcher keeps."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from hoodoo.ci import attempts
from hoodoo.ci.watch import history


@pytest.fixture
def kept(tmp_path: Path) -> Generator[history.History]:
    made = history.History(tmp_path / 'ci.db')
    yield made
    made.close()


def _new(commit: str, *, spec: str = 'a', branch: str = 'main') -> history.New:
    return history.New(spec=spec, branch=branch, commit=commit, committed_ms=1)


def _saw(kept: history.History, *new: history.New) -> int:
    heads = [history.Head(spec=one.spec, branch=one.branch, commit=one.commit) for one in new]
    return kept.saw('specs', heads, new, now_ms=5)


def test_a_commit_is_there_once_for_each_spec(kept: history.History) -> None:
    assert _saw(kept, _new('c1'), _new('c1', spec='b')) == 2
    assert _saw(kept, _new('c1', branch='release'), _new('c2')) == 1
    assert kept.heads('specs') == {('a', 'main'): 'c2', ('b', 'main'): 'c1', ('a', 'release'): 'c1'}
    assert kept.heads('others') == {}
    assert [(row.commit_id, row.spec) for row in kept.newest(9)] == [('c2', 'a'), ('c1', 'b'), ('c1', 'a')]


def test_states_follow_each_other_and_an_end_is_one(kept: history.History) -> None:
    _saw(kept, _new('c1'))
    kept.begin(1, reports='/r1', now_ms=6)
    kept.own(1, 'o')
    kept.again(1, counts=True)
    kept.begin(1, reports='/r2', now_ms=7)
    kept.again(1, counts=False)
    kept.begin(1, reports='/r3', now_ms=8)
    (row,) = kept.in_state(history.RUNNING)
    assert (row.tries, row.owner, row.reports, row.began_ms) == (2, '', '/r3', 8)
    for verdict in ('failed', 'passed'):
        kept.end(1, verdict=verdict, why='', attempt=3, now_ms=9, tell=[('team', 'failure')])
    kept.again(1, counts=True)
    kept.begin(1, reports='/r4', now_ms=10)
    (row,) = kept.newest(9)
    assert (row.state, row.verdict, row.attempt, row.reports, row.ended_ms) == (
        'done',
        'failed',
        3,
        '/r3',
        9,
    )
    assert [(notice.target, notice.event) for notice in kept.notices()] == [('team', 'failure')]


def test_an_attempt_is_found_by_its_reports(kept: history.History, tmp_path: Path) -> None:
    opened = attempts.Attempts(tmp_path / 'ci.db')
    for token in ('a', 'b'):
        opened.begin(token=token, spec='s', owner='o', reports='/r1', now_ms=1)
    opened.end('b', verdict='failed', why='w', now_ms=2)
    opened.close()
    assert kept.attempt('/r1') == history.Ended(id=2, verdict='failed', why='w')
    assert kept.attempt('/r2') is None


def test_what_was_before_is_of_the_same_branch_and_spec(kept: history.History) -> None:
    _saw(kept, _new('c1'), _new('c2'), _new('c3', spec='b'), _new('c4', branch='other'), _new('c5'))
    for number, at_ms in ((1, 20), (2, 10), (3, 30), (4, 40)):
        kept.end(number, verdict=f'v{number}', why='', attempt=0, now_ms=at_ms)
    row = kept.get(5)
    assert row is not None
    assert kept.before(row) == 'v1'
    assert kept.get(9) is None


def test_a_database_of_before_is_brought_up_to_date(tmp_path: Path) -> None:
    from bedrock import store

    store.Store(tmp_path / 'ci.db', attempts.MIGRATIONS[:1]).close()
    made = history.History(tmp_path / 'ci.db')
    assert made.newest(9) == []
    made.close()


def test_what_could_not_be_tried_waits_and_is_told_of_once(kept: history.History) -> None:
    _saw(kept, _new('c1'))
    for number in range(3):
        kept.begin(1, reports='/r', now_ms=6)
        row = kept.get(1)
        assert row is not None
        assert (row.verdict, row.why) == ('', '')
        kept.later(1, verdict='untried', why=f'w{number}', attempt=number, now_ms=7, tell=['team'])
    (row,) = kept.in_state(history.QUEUED)
    assert (row.tries, row.verdict, row.why, row.attempt) == (0, 'untried', 'w2', 2)
    assert [(notice.target, notice.event) for notice in kept.notices()] == [('team', 'error')]
    kept.later(1, verdict='untried', why='late', attempt=9, now_ms=7, tell=['others'])
    assert len(kept.notices()) == 1, 'it does not run'


def test_branches_that_are_gone_are_forgotten(kept: history.History) -> None:
    _saw(kept, _new('c1'), _new('c1', spec='b'), _new('c2', branch='release'))
    kept.saw('specs', (), (), now_ms=6, gone=['main'])
    assert kept.heads('specs') == {('a', 'release'): 'c2'}


def test_a_try_that_was_lost_in_the_middle_counts(
    kept: history.History,
) -> None:
    _saw(kept, _new('c1'))
    tries: list[int] = []
    for verdict in ('undecided', 'untried', 'undecided'):
        kept.begin(1, reports='/r', now_ms=2)
        kept.later(
            1, verdict=verdict, why='w', attempt=1, now_ms=3, counts=verdict == 'undecided', tell=['team']
        )
        row = kept.get(1)
        assert row is not None
        assert (row.state, row.verdict) == ('queued', verdict)
        tries.append(row.tries)
    assert tries == [1, 1, 2]
    assert [(one.target, one.event) for one in kept.notices()] == [('team', 'error')], 'told once'
