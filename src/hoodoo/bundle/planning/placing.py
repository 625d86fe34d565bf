"""Which machines of a model are which of a bundle, and where the units go that are missing. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hoodoo import model

MARK = 'hoodoo-machine'
"""The annotation of a machine that says which one of the bundle's it is, to whoever runs the spec next."""


def known_machines(
    wanted: model.WantedModel,
    snapshot: model.ModelSnapshot,
    annotations: Mapping[str, Mapping[str, str]],
    intended: Mapping[str, Sequence[str]],
) -> dict[str, str]:
    """Return the model's machine for each machine of the bundle that is there.

    In this order: the machine that is marked as it; the one that was added for it by a run that was cut short
    before it could mark it; the one where a unit sits that the bundle places on it; the one with the same
    number, as juju-deployer has it.

    Args:
        annotations: Of machines, by id.
        intended: For machines of the bundle that were about to be added, the ids that were there before.
    """
    found: dict[str, str] = {}
    present = [machine for machine in snapshot.machines if '/' not in machine]
    marks = {annotations.get(machine, {}).get(MARK): machine for machine in present}
    occupied = {unit.machine.partition('/')[0] for unit in snapshot.units()}

    def free(machine: str) -> bool:
        return machine not in found.values() and MARK not in annotations.get(machine, {})

    for name in wanted.machines:
        if name in marks:
            found[name] = marks[name]
    for name in wanted.machines:
        if name in intended and name not in found:
            fresh = [m for m in present if m not in intended[name] and m not in occupied and free(m)]
            found.update({name: fresh[0]} if fresh else {})
    for name, machine in _by_units(wanted, snapshot).items():
        if name not in found and free(machine):
            found[name] = machine
    for name in wanted.machines:
        if name not in found and name in snapshot.machines and free(name):
            found[name] = name
    return found


def _by_units(wanted: model.WantedModel, snapshot: model.ModelSnapshot) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, application in wanted.applications.items():
        there = snapshot.applications.get(name)
        for place, unit in zip(application.to, there.staying if there else (), strict=False):
            if place.machine in wanted.machines and unit.machine:
                found.setdefault(place.machine, unit.machine.partition('/')[0])
    return found


def missing(
    wanted: model.WantedApplication,
    there: model.Application,
    snapshot: model.ModelSnapshot,
    machines: Mapping[str, str],
) -> tuple[model.Placement, ...]:
    """The placements of *wanted* that no present unit follows."""
    left = list(wanted.to)
    for unit in there.staying:
        if not left:
            break
        followed = next((place for place in left if _follows(unit, place, snapshot, machines)), left[0])
        left.remove(followed)
    return tuple(left)


def _follows(
    unit: model.Unit, place: model.Placement, snapshot: model.ModelSnapshot, machines: Mapping[str, str]
) -> bool:
    top, _, inner = unit.machine.partition('/')
    if bool(inner) != bool(place.container):
        return False
    if place.application:
        other = snapshot.applications.get(place.application)
        beside = other.staying[place.unit : place.unit + 1] if other else ()
        return bool(beside) and beside[0].machine.partition('/')[0] == top
    return bool(place.machine) and machines.get(place.machine, place.machine) == top


def ordered(to: Sequence[model.Placement]) -> tuple[model.Placement, ...]:
    """*to* with what goes anywhere left out: ``--to`` cannot say it, and fills up with it by itself."""
    return tuple(
        place for place in to if place.container or place.machine or place.application or place.directive
    )


def depth(name: str, applications: Mapping[str, model.WantedApplication]) -> int:
    """How many placements lead from *name* to an application that is placed beside none."""
    beside = {place.application for place in applications[name].to if place.application in applications}
    return 1 + max(depth(other, applications) for other in beside) if beside else 0
