"""Where units go: what bundles say of it, which machines are meant, and that targets come first."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from hoodoo import model, testing
from hoodoo.bundle.planning import placing, plan, steps
from hoodoo.bundle.wanted import placement


def _application(name: str, units: int, *, subordinate: bool = False) -> model.WantedApplication:
    return model.WantedApplication(
        name=name, charm=model.LocalCharm(path=Path('/c')), num_units=units, subordinate=subordinate
    )


def _settled(written: dict[str, list[str]], *, native: bool) -> placement.Placed:
    applications = {
        'web': _application('web', 3),
        'db': _application('db', 2),
        'nrpe': _application('nrpe', 0, subordinate=True),
    }
    machines = {name: model.WantedMachine(name=name) for name in ('0', '1')}
    return placement.settle(written, applications, machines, native=native)


def _spelt(place: model.Placement) -> str:
    target = place.machine or place.directive
    target = f'{place.application}/{place.unit}' if place.application else target
    return ':'.join(filter(None, (place.container, target))) or 'new'


@pytest.mark.parametrize(
    ('native', 'texts', 'spelt'),
    [
        (False, ['0'], ['0']),
        (False, ['0', 'lxc:7'], ['0', 'lxd:7']),
        (False, ['db=1'], ['db/1']),
        (False, ['db', 'db', 'db'], ['db/0', 'db/1', 'new']),
        (False, ['kvm:db=0', 'zone=a'], ['kvm:db/0', 'zone=a']),
        (True, ['0'], ['0', '0', '0']),
        (True, ['new', 'lxd:1'], ['new', 'lxd:1', 'lxd:1']),
        (True, ['db'], ['db/0', 'db/1', 'db/0']),
        (True, ['db/1', 'lxd', 'lxd:new'], ['db/1', 'lxd', 'lxd']),
    ],
)
def test_a_placement_is_spelt_out_for_each_unit(native: bool, texts: list[str], spelt: list[str]) -> None:
    found = _settled({'web': texts}, native=native)
    assert found.problems == ()
    assert [_spelt(place) for place in found.to['web']] == spelt


@pytest.mark.parametrize(
    ('native', 'written', 'message'),
    [
        (False, {'web': ['gone=0']}, 'the bundle has no application "gone"'),
        (False, {'web': ['nrpe']}, 'nrpe is a subordinate'),
        (False, {'nrpe': ['0']}, 'goes where its principals are'),
        (False, {'web': ['db'], 'db': ['0']}, 'cannot be nested'),
        (False, {'web': ['db=2']}, 'db has 2 units'),
        (False, {'web': ['web']}, 'leads back to itself'),
        (True, {'web': ['db'], 'db': ['web']}, 'leads back to itself'),
        (True, {'web': ['5']}, 'lists no such machine'),
        (True, {'web': ['0', '0', '0', '0']}, '4 placements for 3 units'),
    ],
)
def test_a_placement_that_cannot_be_is_a_problem(
    native: bool, written: dict[str, list[str]], message: str
) -> None:
    problems = _settled(written, native=native).problems
    assert problems
    assert message in problems[0].message


def test_version_4_places_beside_what_is_placed_itself() -> None:
    assert _settled({'web': ['db'], 'db': ['0']}, native=True).problems == ()


def _with(*machines: str, units: dict[str, str] | None = None) -> model.ModelSnapshot:
    """A model with *machines*, and an application web with *units* by machine."""
    there = [testing.unit(name, machine=machine) for name, machine in (units or {}).items()]
    found = {m: model.Machine(id=m, agent=testing.IDLE, instance=testing.ACTIVE) for m in machines}
    return dataclasses.replace(testing.snapshot(testing.application('web', *there)), machines=found)


def _wanted(*machines: str, to: tuple[str, ...] = ()) -> model.WantedModel:
    web = dataclasses.replace(
        _application('web', len(to)), to=tuple(model.Placement(machine=machine) for machine in to)
    )
    return model.WantedModel(
        applications={'web': web}, machines={name: model.WantedMachine(name=name) for name in machines}
    )


def test_a_machine_is_known_by_its_mark_then_by_its_units_then_by_its_number() -> None:
    snapshot = _with('0', '1', '2', '3', units={'web/0': '2'})
    wanted = _wanted('x', 'y', '1', '0', to=('y',))
    notes = {'0': {placing.MARK: 'x'}}
    assert placing.known_machines(wanted, snapshot, notes, {}) == {'x': '0', 'y': '2', '1': '1'}


def test_a_machine_that_was_added_and_not_marked_is_found_again() -> None:
    snapshot = _with('0', '1', '2', units={'web/0': '1'})
    assert placing.known_machines(_wanted('x'), snapshot, {}, {'x': ('0',)}) == {'x': '2'}
    assert placing.known_machines(_wanted('x'), snapshot, {}, {'x': ('0', '2')}) == {}


def test_only_the_placements_that_no_unit_follows_are_left() -> None:
    snapshot = _with('0', '1', units={'web/0': '0', 'web/2': '2'})
    wanted = _wanted(to=('0', '1', '2')).applications['web']
    left = placing.missing(wanted, snapshot.applications['web'], snapshot, {})
    assert [place.machine for place in left] == ['1']


def test_what_is_placed_comes_after_what_it_is_placed_beside() -> None:
    beside = dataclasses.replace(_application('a', 1), to=(model.Placement(text='b', application='b'),))
    further = dataclasses.replace(_application('c', 1), to=(model.Placement(text='a', application='a'),))
    on_machine = dataclasses.replace(_application('b', 1), to=(model.Placement(text='0', machine='0'),))
    wanted = model.WantedModel(
        applications={each.name: each for each in (further, beside, on_machine)},
        machines={'0': model.WantedMachine(name='0', annotations={'k': 'v'})},
    )
    made = plan.plan(wanted, plan.Seen(snapshot=testing.snapshot()))
    assert [str(step) for step in made.steps] == [
        'add machine 0',
        'deploy b, 1 unit (to 0)',
        'deploy a, 1 unit (to b)',
        'deploy c, 1 unit (to a)',
        'annotate machine 0: k',
    ]
    assert all(len(stage) == 1 for stage in made.stages())
    assert isinstance(made.steps[0], steps.AddMachine)
