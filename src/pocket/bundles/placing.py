"""Machines and units of a bundle as steps; each unit comes after what it is placed on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pocket.bundles.bases import with_risk
from pocket.bundles.changes import Changes
from pocket.bundles.existing import ExistingApplication, ExistingModel
from pocket.bundles.spec import Application, Bundle, Placement

_NOTHING = ExistingApplication(charm='')


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spot:
    """Where something is or will be."""

    ref: str = ''
    """A machine's id, or ``$`` and the step that makes it; empty for a new machine that nobody names."""
    step: str = ''
    """The step that makes it; empty for what is there."""
    words: str = ''


@dataclass(slots=True)
class Placing:
    """Adds the steps for machines and units to *changes*."""

    bundle: Bundle
    model: ExistingModel
    changes: Changes
    machines: Mapping[str, str]
    """Machine of the model by machine of the bundle."""
    application_refs: Mapping[str, str]
    deployed: Mapping[str, str]
    """The step after which an application is there, by its name."""
    _spots: dict[str, _Spot] = field(default_factory=dict[str, _Spot])
    _units: dict[tuple[str, int], _Spot] = field(default_factory=dict[tuple[str, int], _Spot])
    _number: int = -1
    _containers: dict[str, int] = field(default_factory=dict[str, int])

    def machines_of_bundle(self) -> None:
        """Add the machines that the bundle lists and the model does not have."""
        for name, machine in self.bundle.machines.items():
            real = self.machines.get(name, '')
            if real:
                spot = _Spot(ref=real, words=_machine(f'existing machine {real}', name, real))
            else:
                number = self._next_machine()
                words = _machine(f'new machine {number}', name, number)
                step = self.changes.add(
                    'addMachines',
                    {
                        'base': with_risk(machine.base or self.bundle.default_base),
                        'constraints': machine.constraints,
                    },
                    f'add {words}',
                )
                spot = _Spot(ref=f'${step}', step=step, words=words)
            self._spots[name] = spot
            present = self.model.machines.get(real, {})
            notes = {key: value for key, value in machine.annotations.items() if present.get(key) != value}
            if notes:
                self.changes.add(
                    'setAnnotations',
                    {'id': spot.ref, 'entity-type': 'machine', 'annotations': notes},
                    f'set annotations for {spot.words}',
                    requires=[spot.step],
                )

    def units(self) -> None:
        """Add the units that are missing."""
        for name, application in self.bundle.applications.items():
            for index in range(application.num_units):
                self._unit(name, index)

    def _unit(self, name: str, index: int) -> _Spot:
        """Unit *index* of an application as the bundle counts: it is there, or it is added now."""
        known = self._units.get((name, index))
        if known is not None:
            return known
        placed = self.model.applications.get(name, _NOTHING).placed
        if index < len(placed):
            unit, machine = placed[index]
            spot = _Spot(ref=machine, words=f'existing machine {machine}' if machine else unit)
        else:
            # Numbers are given in the order of steps, so each unit waits for the one before it.
            before = self._unit(name, index - 1).step if index else ''
            place = self._directives(self.bundle.applications[name], placed)[index - len(placed)]
            spot = self._add(name, index, len(placed), place, before)
        self._units[name, index] = spot
        return spot

    def _directives(self, application: Application, placed: list[tuple[str, str]]) -> list[Placement]:
        """Where the missing units go: the directives that no present unit follows already."""
        left = [application.placement_of(index) for index in range(application.num_units)]
        for _, machine in placed:
            on_it = next((place for place in left if self._follows(place, machine)), None)
            left.remove(on_it or left[0])
            if not left:
                break
        return left

    def _follows(self, place: Placement, machine: str) -> bool:
        if not place.machine:
            return False
        top, _, container = machine.partition('/')
        return self.machines.get(place.machine) == top and bool(container) == bool(place.container)

    def _add(self, name: str, index: int, present: int, place: Placement, before: str) -> _Spot:
        target, reason = self._target(name, index, place)
        if place.container:
            target = self._container(place, target)
        number = self.model.next_unit.get(name, present) + index - present
        words = target.words or f'new machine {self._next_machine()}'
        step = self.changes.add(
            'addUnit',
            {'application': self.application_refs[name], 'to': target.ref},
            f'add unit {name}/{number} to {words}{reason}',
            requires=[self.deployed.get(name, ''), before, target.step],
        )
        return _Spot(ref=f'${step}', step=step, words=words)

    def _target(self, name: str, index: int, place: Placement) -> tuple[_Spot, str]:
        """The machine or unit that a directive means, and why, when the machine alone does not tell."""
        if place.machine:
            return self._spots[place.machine], ''
        if not place.application:
            return _Spot(), f' to satisfy [{place.text}]' if place.container else ''
        other = self.bundle.applications[place.application]
        wanted = index % other.num_units if place.unit is None else place.unit
        return self._unit(place.application, wanted), f' to satisfy [{place.text}]'

    def _container(self, place: Placement, parent: _Spot) -> _Spot:
        number = '' if parent.words else self._next_machine()
        on = parent.words or f'new machine {number}'
        host = on.split(' (')[0].rpartition(' ')[2]
        count = self._containers.get(f'{host}/{place.container}', 0)
        self._containers[f'{host}/{place.container}'] = count + 1
        words = f'{host}/{place.container}/{count}'
        step = self.changes.add(
            'addMachines',
            {
                'container-type': place.container,
                'parent-id': parent.ref,
                'base': with_risk(self.bundle.default_base),
            },
            f'add {place.container} container {words} on {on}',
            requires=[parent.step],
        )
        return _Spot(ref=f'${step}', step=step, words=words)

    def _next_machine(self) -> str:
        self._number = max(self._number + 1, self.model.next_machine)
        return str(self._number)


def _machine(words: str, name: str, real: str) -> str:
    return words if name == real else f'{words} (bundle machine {name})'
