"""Where a bundle wants its units: directives read, checked, and spelt out unit by unit.

Two dialects, after juju-deployer's documentation of its formats. Version 3 (deployments by name): ``N``,
``SERVICE``, ``SERVICE=INDEX``; a list that is too short leaves the rest to Juju. Version 4 and Juju's own
bundles: ``MACHINE``, ``SERVICE``, ``SERVICE/UNIT``, ``new``; the last entry counts for the rest. Either may
begin with ``lxc:``, ``lxd:`` or ``kvm:``, or name what the cloud understands, such as ``zone=a``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hoodoo import model, wording

MACHINE_KEYS = frozenset(('annotations', 'base', 'constraints', 'series'))
"""What a bundle may say of a machine."""
_CONTAINERS = {'lxc': 'lxd', 'lxd': 'lxd', 'kvm': 'kvm'}
_CLOUDS_OWN = ('maas', 'zone', 'subnet', 'system-id')


@dataclass(frozen=True, slots=True, kw_only=True)
class Misplaced:
    """What is wrong with where an application is placed."""

    application: str
    message: str
    hint: str = ''


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Each application's placements, and what is wrong with them."""

    to: Mapping[str, tuple[model.Placement, ...]]
    problems: tuple[Misplaced, ...] = ()

    @property
    def machines(self) -> frozenset[str]:
        """The machines that something is placed on."""
        return frozenset(place.machine for places in self.to.values() for place in places)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """A directive before it is known which unit follows it."""

    placement: model.Placement
    counted: bool = False
    """Whether it names the unit of its target."""


def settle(
    written: Mapping[str, Sequence[str]],
    applications: Mapping[str, model.WantedApplication],
    machines: Mapping[str, model.WantedMachine],
    *,
    native: bool,
) -> Placed:
    """Return where every unit of the *applications* goes.

    Args:
        written: The directives of applications that have some.
        native: Whether the bundle is of version 4 or Juju's own.
    """
    to: dict[str, tuple[model.Placement, ...]] = {}
    problems: list[Misplaced] = []
    for name, texts in written.items():
        if not texts:
            continue
        read = [_read(text, applications) for text in texts]
        found = list(_problems(name, read, written, applications, machines, native=native))
        problems += found
        if not found:
            to[name] = tuple(_spelt(read, applications, applications[name].num_units, native=native))
    problems += (
        Misplaced(application=name, message=f'the placement of {name} leads back to itself')
        for name in to
        if native and _circular(name, to)
    )
    return Placed(to=to, problems=tuple(problems))


def _read(text: str, applications: Mapping[str, model.WantedApplication]) -> _Read:
    kind, colon, rest = text.partition(':')
    container = _CONTAINERS.get(kind, '') if colon or text not in applications else ''
    target = rest if container else text
    if container and target in ('', 'new'):
        return _Read(placement=model.Placement(text=text, container=container))
    if target == 'new':
        return _Read(placement=model.Placement(text=text))
    head, equals, tail = target.partition('=')
    if equals and head in _CLOUDS_OWN and head not in applications:
        return _Read(placement=model.Placement(text=text, directive=target, container=container))
    if not equals:
        head, equals, tail = target.partition('/')
    if head.isdecimal() and not equals:
        return _Read(placement=model.Placement(text=text, machine=head, container=container))
    unit = int(tail) if tail.isdecimal() else 0
    placement = model.Placement(text=text, application=head, unit=unit, container=container)
    return _Read(placement=placement, counted=tail.isdecimal())


def _problems(
    name: str,
    read: Sequence[_Read],
    written: Mapping[str, Sequence[str]],
    applications: Mapping[str, model.WantedApplication],
    machines: Mapping[str, model.WantedMachine],
    *,
    native: bool,
) -> Iterator[Misplaced]:
    if applications[name].subordinate:
        yield Misplaced(
            application=name, message=f'{name} is a subordinate, which goes where its principals are'
        )
        return
    units = applications[name].num_units
    if native and len(read) > max(units, 1):
        count = wording.counted(units, 'unit')
        yield Misplaced(application=name, message=f'{name} has {len(read)} placements for {count}')
    for entry in read:
        if entry.placement.application:
            yield from _beside(name, entry, written, applications, native=native)
        elif native and entry.placement.machine and entry.placement.machine not in machines:
            known = ', '.join(machines) or 'none'
            message = f'placement "{entry.placement.text}" of {name}: the bundle lists no such machine'
            yield Misplaced(application=name, message=message, hint=f'Listed under "machines": {known}.')


def _beside(
    name: str,
    entry: _Read,
    written: Mapping[str, Sequence[str]],
    applications: Mapping[str, model.WantedApplication],
    *,
    native: bool,
) -> Iterator[Misplaced]:
    place = entry.placement
    other = applications.get(place.application)
    what = f'placement "{place.text}" of {name}'
    if other is None:
        hint = wording.guess(place.application, applications)
        message = f'{what}: the bundle has no application "{place.application}"'
    elif other.subordinate:
        hint, message = '', f'{what}: {other.name} is a subordinate, which has no machines'
    elif place.application == name:
        hint, message = '', f'{what} leads back to itself'
    elif not native and written.get(place.application):
        hint = f'Place {name} where {place.application} is placed.'
        message = f'{what}: {place.application} is placed itself, and placements cannot be nested'
    elif entry.counted and place.unit >= other.num_units:
        hint = 'Units are counted from 0.'
        message = f'{what}: {other.name} has {wording.counted(other.num_units, "unit")}'
    else:
        return
    yield Misplaced(application=name, message=message, hint=hint)


def _spelt(
    read: Sequence[_Read], applications: Mapping[str, model.WantedApplication], units: int, *, native: bool
) -> Iterator[model.Placement]:
    """The placement of each unit; in version 3 the list may end before the units do."""
    nexts: dict[str, int] = {}
    for index in range(units):
        if index >= len(read) and not native:
            return
        entry = read[min(index, len(read) - 1)]
        place = entry.placement
        if not place.application or entry.counted:
            yield place
            continue
        there = applications[place.application].num_units
        if native:
            # Units of the target take turns.
            unit = nexts.get(place.application, 0)
            nexts[place.application] = unit + 1
            yield dataclasses.replace(place, unit=unit % max(there, 1))
        elif index < there:
            yield dataclasses.replace(place, unit=index)
        else:
            # juju-deployer leaves a unit without a counterpart to Juju.
            yield model.Placement()


def _circular(name: str, to: Mapping[str, Sequence[model.Placement]]) -> bool:
    ahead = {place.application for place in to[name]} - {''}
    seen: set[str] = set()
    while ahead:
        other = ahead.pop()
        if other == name:
            return True
        if other not in seen:
            seen.add(other)
            ahead |= {place.application for place in to.get(other, ())} - {''}
    return False
