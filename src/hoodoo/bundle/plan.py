"""The plan: what to do so that the seen model becomes the wanted one. Pure; nothing is ever removed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from hoodoo import model, wording
from hoodoo.bundle import words


@dataclass(frozen=True, slots=True, kw_only=True)
class Deploy:
    """Deploy an application."""

    wanted: model.WantedApplication
    stage: int = 0

    def __str__(self) -> str:
        units = '' if self.wanted.subordinate else f', {wording.counted(self.wanted.num_units, "unit")}'
        return f'deploy {self.wanted.name}{units}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresh:
    """Give an application the charm as it is here now."""

    wanted: model.WantedApplication
    changed: bool = True
    """False when it is only not known which charm the application has: somebody else deployed it."""
    stage: int = 1

    def __str__(self) -> str:
        why = 'its charm has changed' if self.changed else 'it may have another charm'
        return f'refresh {self.wanted.name}: {why}'


@dataclass(frozen=True, slots=True, kw_only=True)
class SetOptions:
    """Set the options that differ. Values are not shown: one may be a secret."""

    application: str
    options: Mapping[str, str]
    stage: int = 2

    def __str__(self) -> str:
        return f'configure {self.application}: {", ".join(self.options)}'


@dataclass(frozen=True, slots=True, kw_only=True)
class AddUnits:
    """Add the units that are missing."""

    application: str
    count: int
    to: tuple[str, ...] = ()
    stage: int = 2

    def __str__(self) -> str:
        return f'add {wording.counted(self.count, "unit")} to {self.application}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Run the failed hook of a unit again: running is how one says that the cause is mended."""

    unit: str
    stage: int = 3

    def __str__(self) -> str:
        return f'retry the failed hook of {self.unit}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Integrate:
    """Relate two applications."""

    one: model.Endpoint
    other: model.Endpoint
    stage: int = 3

    def __str__(self) -> str:
        return f'integrate {self.one} {self.other}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Expose:
    """Expose an application."""

    application: str
    stage: int = 4

    def __str__(self) -> str:
        return f'expose {self.application}'


Step = Deploy | Refresh | SetOptions | AddUnits | Retry | Integrate | Expose


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Steps in order; those of one stage are independent of each other."""

    steps: tuple[Step, ...] = ()
    remarks: tuple[str, ...] = ()
    """Where the model differs and is left as it is."""

    def stages(self) -> list[list[Step]]:
        """The steps, grouped by stage."""
        numbers = sorted({step.stage for step in self.steps})
        return [[step for step in self.steps if step.stage == number] for number in numbers]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The facts that a plan starts from."""

    snapshot: model.ModelSnapshot
    options: Mapping[str, Mapping[str, model.OptionValue]] = field(
        default_factory=dict[str, Mapping[str, model.OptionValue]]
    )
    """Of each wanted application that exists."""
    deployed: Mapping[str, model.Deployed] = field(default_factory=dict[str, model.Deployed])
    """What we gave applications before, by name."""
    digests: Mapping[str, str] = field(default_factory=dict[str, str])
    """What the charm of each wanted application with a local charm holds now."""


def plan(wanted: model.WantedModel, seen: Seen, *, apply_config_changes: bool = True) -> Plan:
    """Return the steps from *seen* to *wanted*; none when nothing is to do.

    Args:
        apply_config_changes: Whether applications that exist get the options that differ.
    """
    steps: list[Step] = []
    remarks = list(wanted.remarks)
    for name, application in wanted.applications.items():
        there = seen.snapshot.applications.get(name)
        if there is None:
            steps.append(Deploy(wanted=application))
        else:
            changes = _changes(application, there, seen)
            steps += (s for s in changes if apply_config_changes or not isinstance(s, SetOptions))
            remarks += _differences(application, there)
        if application.expose and (there is None or not there.exposed):
            steps.append(Expose(application=name))
    steps += (
        Integrate(one=relation.one, other=relation.other)
        for relation in wanted.relations
        if not _related(relation, seen.snapshot.relations)
    )
    return Plan(steps=tuple(sorted(steps, key=lambda step: step.stage)), remarks=tuple(remarks))


def _changes(wanted: model.WantedApplication, there: model.Application, seen: Seen) -> Iterator[Step]:
    digest = seen.digests.get(wanted.name)
    deployed = seen.deployed.get(wanted.name)
    if digest and deployed != model.Deployed(digest=digest, charm=there.charm):
        yield Refresh(wanted=wanted, changed=deployed is not None and deployed.charm == there.charm)
    live = seen.options.get(wanted.name, {})
    changed = {
        key: value
        for key, value in wanted.options.items()
        if key not in live or not words.same_option(value, live[key].value, live[key].type)
    }
    if changed:
        yield SetOptions(application=wanted.name, options=changed)
    for unit in there.units:
        if unit.workload.value == 'error':
            yield Retry(unit=unit.name)
    missing = wanted.num_units - len(there.staying)
    if missing > 0 and not _is_subordinate(wanted, there):
        yield AddUnits(application=wanted.name, count=missing, to=wanted.to[-missing:])


def _differences(wanted: model.WantedApplication, there: model.Application) -> Iterator[str]:
    extra = len(there.staying) - wanted.num_units
    if extra > 0 and not _is_subordinate(wanted, there):
        yield (
            f'{wanted.name} has {len(there.staying)} units and the bundle wants {wanted.num_units}:'
            f' left as it is ("juju remove-unit {wanted.name} --num-units {extra}" removes)'
        )
    if there.exposed and not wanted.expose:
        yield f'{wanted.name} is exposed though the bundle does not say so: left as it is'


def _is_subordinate(wanted: model.WantedApplication, there: model.Application) -> bool:
    return wanted.subordinate or bool(there.subordinate_to)


def _related(wanted: model.WantedRelation, relations: tuple[model.Relation, ...]) -> bool:
    one, other = wanted.one, wanted.other
    for relation in relations:
        if len(relation.endpoints) == 2:
            left, right = relation.endpoints
            if (one.matches(left) and other.matches(right)) or (one.matches(right) and other.matches(left)):
                return True
    return False
