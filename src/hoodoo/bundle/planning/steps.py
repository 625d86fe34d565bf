"""The steps of a plan: what each does in words, and in which order they may be done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from hoodoo import model, wording
from hoodoo.bundle.planning import equal


@dataclass(frozen=True, slots=True, kw_only=True)
class AddMachine:
    """Add a machine that the bundle lists."""

    wanted: model.WantedMachine
    number: int = 0
    """Its place among those that are added: they come one by one, so that Juju numbers them alike."""
    rank: ClassVar[int] = 0

    @property
    def depth(self) -> int:
        """See `Plan.stages`."""
        return self.number

    def __str__(self) -> str:
        constraints = ''.join(f' {key}={value}' for key, value in self.wanted.constraints.items())
        return f'add machine {self.wanted.name}{constraints}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresh:
    """Give an application the charm that is wanted now."""

    wanted: model.WantedApplication
    why: str
    switch: bool = False
    """Whether the charm comes from elsewhere than before: from a store in place of from here."""
    images: Mapping[str, str] = field(default_factory=dict[str, str])
    """The resources that get another image of this machine with it."""
    rank: ClassVar[int] = 1
    depth: ClassVar[int] = 0

    def __str__(self) -> str:
        also = f' (with {", ".join(self.images)})' if self.images else ''
        return f'refresh {self.wanted.name}: {self.why}{also}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Attach:
    """Give an application the image of this machine that is wanted now."""

    application: str
    resource: str
    image: str
    why: str
    rank: ClassVar[int] = 1
    depth: ClassVar[int] = 0

    def __str__(self) -> str:
        return f'attach {self.resource} to {self.application}: {self.why}'


@dataclass(frozen=True, slots=True, kw_only=True)
class SetOptions:
    """Set the options that differ. Values are not shown: one may be a secret."""

    application: str
    options: Mapping[str, str]
    rank: ClassVar[int] = 2
    depth: ClassVar[int] = 0

    def __str__(self) -> str:
        return f'configure {self.application}: {", ".join(self.options)}'


@dataclass(frozen=True, slots=True, kw_only=True)
class SetConstraints:
    """Set the constraints of units to come; machines that are there stay as they are."""

    application: str
    constraints: Mapping[str, str]
    """All of them: Juju replaces the whole set."""
    changed: tuple[str, ...]
    """Those that differ."""
    rank: ClassVar[int] = 2
    depth: ClassVar[int] = 0

    def __str__(self) -> str:
        words = ' '.join(f'{key}={self.constraints[key]}' for key in self.changed)
        return f'set constraints of {self.application} for new units: {words}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Give an application the cloud's credentials."""

    application: str
    rank: ClassVar[int] = 2
    depth: ClassVar[int] = 0

    def __str__(self) -> str:
        return f"trust {self.application} with the cloud's credentials"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deploy:
    """Deploy an application."""

    wanted: model.WantedApplication
    to: tuple[model.Placement, ...] = ()
    """By unit; the units beyond it go where Juju likes."""
    depth: int = 0
    """How many placements lead from it to what is placed nowhere."""
    rank: ClassVar[int] = 3

    def __str__(self) -> str:
        units = '' if self.wanted.subordinate else f', {wording.counted(self.wanted.num_units, "unit")}'
        return f'deploy {self.wanted.name}{units}{_beside(self.to)}'


@dataclass(frozen=True, slots=True, kw_only=True)
class AddUnits:
    """Add the units that are missing."""

    application: str
    count: int
    to: tuple[model.Placement, ...] = ()
    depth: int = 0
    rank: ClassVar[int] = 3

    def __str__(self) -> str:
        return f'add {wording.counted(self.count, "unit")} to {self.application}{_beside(self.to)}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Let an application have more pods; told as a number in all, so that doing it twice adds none."""

    application: str
    units: int
    was: int
    depth: ClassVar[int] = 0
    rank: ClassVar[int] = 3

    def __str__(self) -> str:
        return f'scale {self.application} from {self.was} to {wording.counted(self.units, "unit")}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotate:
    """Set the annotations that differ, of an application or of a machine of the bundle."""

    kind: str
    """application or machine."""
    name: str
    annotations: Mapping[str, str]
    rank: ClassVar[int] = 4
    depth: ClassVar[int] = 0

    def __str__(self) -> str:
        what = self.name if self.kind == 'application' else f'{self.kind} {self.name}'
        return f'annotate {what}: {", ".join(self.annotations)}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Run the failed hook of a unit again: running is how one says that the cause is mended."""

    unit: str
    rank: ClassVar[int] = 4
    depth: ClassVar[int] = 0

    def __str__(self) -> str:
        return f'retry the failed hook of {self.unit}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Integrate:
    """Relate two applications."""

    one: model.Endpoint
    other: model.Endpoint
    rank: ClassVar[int] = 4
    depth: ClassVar[int] = 0

    def __str__(self) -> str:
        return f'integrate {self.one} {self.other}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Consume:
    """Add an offer of another model, to be related to like an application."""

    name: str
    url: str
    rank: ClassVar[int] = 3
    depth: ClassVar[int] = 0

    def __str__(self) -> str:
        return f'consume {self.url} as {self.name}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Let other models relate to endpoints."""

    name: str
    offer: model.Offer
    """With all its endpoints: Juju replaces the whole set."""
    rank: ClassVar[int] = 4
    depth: ClassVar[int] = 0

    def __str__(self) -> str:
        return f'offer {self.offer.application}:{",".join(self.offer.endpoints)} as {self.name}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Expose:
    """Expose an application, or endpoints of it."""

    application: str
    to: Mapping[str, model.Exposure] = field(default_factory=dict[str, model.Exposure])
    """By endpoint, the empty one for all; nothing for all of them to everyone."""
    rank: ClassVar[int] = 5
    depth: ClassVar[int] = 0

    def __str__(self) -> str:
        return f'expose {self.application}{f" ({equal.exposed(self.to)})" if self.to else ""}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Unexpose:
    """Close what was exposed: only where the bundle says ``expose: false`` in so many words."""

    application: str
    rank: ClassVar[int] = 5
    depth: ClassVar[int] = 0

    def __str__(self) -> str:
        return f'unexpose {self.application}'


Step = (
    AddMachine
    | Refresh
    | Attach
    | SetOptions
    | SetConstraints
    | Trust
    | Deploy
    | AddUnits
    | Scale
    | Annotate
    | Retry
    | Integrate
    | Consume
    | Offer
    | Expose
    | Unexpose
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Steps in order; those of one stage are independent of each other."""

    steps: tuple[Step, ...] = ()
    remarks: tuple[str, ...] = ()
    """Where the model differs and is left as it is."""
    problems: tuple[str, ...] = ()
    """Why it cannot be carried out; nothing may be changed then."""
    left: frozenset[str] = frozenset()
    """Applications whose settings differ and are left as they are, because that was asked for."""

    def stages(self) -> list[list[Step]]:
        """The steps, grouped by stage: a rank for each kind of step, and what waits for others is deeper."""
        keys = sorted({place(step) for step in self.steps})
        return [[step for step in self.steps if place(step) == key] for key in keys]


def place(step: Step) -> tuple[int, int]:
    """By which steps are ordered; equal ones are independent of each other."""
    return step.rank, step.depth


def subject(step: Step) -> str:
    """The application that *step* is about; of a relation both; empty for a machine."""
    match step:
        case AddMachine():
            return ''
        case Deploy(wanted=wanted) | Refresh(wanted=wanted):
            return wanted.name
        case Retry(unit=unit):
            return unit.rpartition('/')[0]
        case Integrate(one=one, other=other):
            return f'{one.application} - {other.application}'
        case Annotate(kind=kind, name=name):
            return name if kind == 'application' else ''
        case Consume(name=name):
            return name
        case Offer(offer=offer):
            return offer.application
        case _:
            return step.application


def _beside(to: Sequence[model.Placement]) -> str:
    return f' (to {", ".join(map(str, to))})' if to else ''
