"""Was, now, live: what drift says of each way in which the three can differ."""

from __future__ import annotations

import pytest

from hoodoo import model
from hoodoo.bundle.planning import drift, facts
from hoodoo.bundle.planning.drift import Kind


def _state(options: dict[str, facts.Fact] | None, **quiet: bool) -> facts.State:
    """Application a with these facts; none at all for None."""
    if options is None:
        return facts.State()
    return facts.State(
        applications={'a': options}, quiet={'a': frozenset(key for key, value in quiet.items() if value)}
    )


@pytest.mark.parametrize(
    ('was', 'now', 'live', 'kind'),
    [
        ('1', '1', '1', None),
        ('1', '2', '1', Kind.NOT_YET),
        ('1', '1', '2', Kind.BY_HAND),
        ('1', '2', '3', Kind.BOTH),
        ('1', '2', '2', None),
        (None, '2', '1', Kind.NOT_YET),
        (None, None, '1', Kind.BY_HAND),
        ('1', None, '1', Kind.UNKNOWN),
        ('1', None, '2', Kind.BOTH),
    ],
)
def test_what_differs_is_told_by_who_changed_it(
    was: str | None, now: str | None, live: str, kind: Kind | None
) -> None:
    def told(value: str | None) -> facts.State:
        return _state({} if value is None else {'k': value})

    entries = drift.drift(told(was), told(now), told(live))
    assert [entry.kind for entry in entries] == ([kind] if kind else [])


def test_what_nobody_asked_for_and_nobody_set_is_no_drift() -> None:
    assert drift.drift(_state({}), _state({}), _state({'k': '1'}, k=True)) == ()


def test_without_memory_nobody_can_be_blamed() -> None:
    (entry,) = drift.drift(facts.State(), _state({'k': '1'}), _state({'k': '2'}))
    assert entry.kind is Kind.DIFFERS


@pytest.mark.parametrize(
    ('was', 'now', 'live', 'kind'),
    [
        (_state({}), _state({}), _state(None), Kind.GONE),
        (facts.State(applications={'other': {}}), _state({}), _state(None), Kind.NOT_YET),
        (_state(None), _state({}), _state(None), Kind.DIFFERS),
        (_state({}), _state(None), _state({}), Kind.UNKNOWN),
    ],
)
def test_whole_applications_come_and_go(
    was: facts.State, now: facts.State, live: facts.State, kind: Kind
) -> None:
    assert [(entry.kind, entry.what) for entry in drift.drift(was, now, live)] == [(kind, '')]


def test_a_charm_that_cannot_be_told_is_no_drift() -> None:
    assert drift.drift(_state({'charm': 'd'}), _state({'charm': None}), _state({'charm': 'd'})) == ()


@pytest.mark.parametrize(('value', 'kinds'), [('hunter2', []), ('guess', [Kind.BY_HAND])])
def test_a_secret_is_compared_by_its_digest(value: str, kinds: list[Kind]) -> None:
    hidden = {'option password': facts.Hidden.of('hunter2', where='u/a/password')}
    found = drift.drift(_state({**hidden}), _state({**hidden}), _state({'option password': value}), uuid='u')
    assert [entry.kind for entry in found] == kinds


def test_an_options_value_is_compared_by_its_type() -> None:
    live = facts.State(
        applications={'a': {'option n': '8.0', 'option on': 'true'}},
        types={'a': {'n': 'float', 'on': 'boolean'}},
    )
    wanted = _state({'option n': '8', 'option on': 'True'})
    assert drift.drift(wanted, wanted, live) == ()


def _related(*ends: str) -> facts.State:
    found = [model.Endpoint(application=end.partition(':')[0], name=end.partition(':')[2]) for end in ends]
    pairs = ((found[0], found[1]),) if found else ()
    return facts.State(relations=pairs, applications={'a': {}, 'b': {}})


@pytest.mark.parametrize(
    ('was', 'now', 'live', 'kinds'),
    [
        (_related('a', 'b'), _related('a', 'b'), _related('b:y', 'a:x'), []),
        (_related('a', 'b'), _related('a', 'b'), _related(), [Kind.GONE]),
        (_related(), _related('a', 'b'), _related(), [Kind.NOT_YET]),
        (_related(), _related(), _related('a:x', 'b:y'), [Kind.UNKNOWN]),
    ],
)
def test_relations_come_and_go(
    was: facts.State, now: facts.State, live: facts.State, kinds: list[Kind]
) -> None:
    assert [entry.kind for entry in drift.drift(was, now, live)] == kinds
