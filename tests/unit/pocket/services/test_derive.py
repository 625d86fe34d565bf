from __future__ import annotations

import pytest

from pocket.model import Status
from pocket.services import derive


@pytest.mark.parametrize(
    ('values', 'shown'),
    [
        ([], 'unknown'),
        (['active'], 'active'),
        (['active', 'waiting'], 'waiting'),
        (['waiting', 'maintenance'], 'maintenance'),
        (['maintenance', 'blocked', 'active'], 'blocked'),
        (['blocked', 'error'], 'error'),
        (['unknown', 'active'], 'active'),
        (['terminated', 'unknown'], 'terminated'),
    ],
)
def test_an_application_shows_its_worst_unit(values: list[str], shown: str) -> None:
    units = [Status(value=value, message=f'unit {number}') for number, value in enumerate(values)]
    assert derive.application(None, units, since_ms=7).value == shown


def test_the_lowest_unit_wins_a_tie_with_all_that_it_says() -> None:
    first = Status(value='blocked', message='first', data={'k': 1}, since_ms=2)
    assert derive.application(None, [first, Status(value='blocked', message='second')], since_ms=1) == first


def test_what_the_leader_set_wins() -> None:
    own = Status(value='active', message='fine')
    assert derive.application(own, [Status(value='error')], since_ms=1) == own


def test_an_application_without_units_is_unknown_since_it_was_made() -> None:
    assert derive.application(None, [], since_ms=7) == Status(value='unknown', since_ms=7)


def test_a_hook_error_is_shown_on_the_workload() -> None:
    error = Status(value='error', message='hook failed: "install"', data={'hook': 'install'}, since_ms=9)
    agent, workload = derive.unit(error, Status(value='active', message='hidden'))
    assert agent == Status(value='idle', since_ms=9)
    assert workload == error


def test_without_an_error_both_are_shown_as_they_are() -> None:
    pair = (Status(value='executing'), Status(value='maintenance'))
    assert derive.unit(*pair) == pair
