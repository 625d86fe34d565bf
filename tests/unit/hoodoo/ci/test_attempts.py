"""What is written down of attempts."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from hoodoo.ci import attempts


@pytest.fixture
def opened(tmp_path: Path) -> Generator[attempts.Attempts]:
    made = attempts.Attempts(tmp_path / 'state' / 'ci.db')
    yield made
    made.close()


def _begin(opened: attempts.Attempts, token: str) -> int:
    return opened.begin(token=token, spec='specs/mirror@main', owner='b s 0 1 2', reports='/out', now_ms=5)


def _states(opened: attempts.Attempts) -> dict[str, tuple[str, str]]:
    return {row.token: (row.verdict, row.model_state) for row in opened.unfinished()}


def test_a_model_is_known_from_before_it_is_made_until_it_is_gone(opened: attempts.Attempts) -> None:
    assert _begin(opened, 'a') == 1
    assert _states(opened) == {'a': ('running', 'none')}
    opened.took('a', spec='mirror', revision='main', commit='c0', stage='ci')
    opened.intend('a', controller='aws', model='ci-mirror-main-a', expires_ms=99, now_ms=6)
    assert _states(opened) == {'a': ('running', 'intended')}
    opened.made('a', 'uuid')
    opened.end('a', verdict='passed', why='', now_ms=7)
    assert _states(opened) == {'a': ('passed', 'made')}, 'it ended, and its model is still there'
    opened.gone('a')
    assert _states(opened) == {}
    row = opened.get('a')
    assert row is not None
    assert (row.spec, row.commit_id, row.model, row.model_uuid) == (
        'mirror',
        'c0',
        'ci-mirror-main-a',
        'uuid',
    )
    assert (row.intended_ms, row.expires_ms, row.began_ms, row.ended_ms) == (6, 99, 5, 7)


def test_how_an_attempt_ended_is_not_forgotten_by_a_reaper(opened: attempts.Attempts) -> None:
    _begin(opened, 'a')
    opened.end('a', verdict='failed', why='a phase', now_ms=7)
    opened.end('a', verdict='interrupted', why='its process died', now_ms=8)
    assert [(row.verdict, row.why) for row in opened.newest(9)] == [('failed', 'a phase')]


def test_one_that_left_something_has_failed(opened: attempts.Attempts) -> None:
    for token, verdict in (('a', 'passed'), ('b', 'cancelled'), ('c', 'failed'), ('d', 'untried')):
        _begin(opened, token)
        opened.end(token, verdict=verdict, why='a reason', now_ms=7)
        opened.spoil(token, verdict='failed', why='it left a model')
    assert [(row.verdict, row.why) for row in opened.newest(9)] == [
        ('untried', 'a reason'),
        ('failed', 'a reason'),
        ('cancelled', 'a reason'),
        ('failed', 'it left a model'),
    ]


def test_what_is_forgotten_is_looked_for_no_more(opened: attempts.Attempts) -> None:
    _begin(opened, 'a')
    opened.intend('a', controller='aws', model='ci-mirror-main-a', expires_ms=99, now_ms=6)
    assert opened.controllers() == {'aws'}
    opened.forget('a')
    opened.end('a', verdict='interrupted', why='', now_ms=7)
    assert _states(opened) == {}


def test_newest_first_and_only_those_that_are_meant(opened: attempts.Attempts) -> None:
    for token in 'abc':
        _begin(opened, token)
    opened.end('b', verdict='passed', why='', now_ms=7)
    assert [row.token for row in opened.newest(2)] == ['c', 'b']
    assert [row.token for row in opened.newest(2, verdict='passed')] == ['b']
    assert opened.numbers() == {1, 2, 3}
    assert opened.get('d') is None


def test_what_is_written_is_there_for_another_process(opened: attempts.Attempts, tmp_path: Path) -> None:
    _begin(opened, 'a')
    other = attempts.Attempts(tmp_path / 'state' / 'ci.db')
    assert [row.token for row in other.unfinished()] == ['a']
    other.close()
    assert (tmp_path / 'state').stat().st_mode & 0o777 == 0o700
