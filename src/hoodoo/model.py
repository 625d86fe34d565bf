"""Plain frozen data that several layers share: what a Juju model was seen to hold, what is wanted of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """One status as Juju reports it."""

    value: str
    message: str = ''
    data: Mapping[str, object] = field(default_factory=dict[str, object])
    since_ms: int | None = None
    """UTC; None when Juju did not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A unit, principal or subordinate."""

    name: str
    application: str
    workload: Status
    agent: Status
    machine: str = ''
    principal: str = ''
    """The unit that a subordinate sits beside; empty for a principal."""
    leader: bool = False
    life: str = 'alive'
    old_charm: str = ''
    """The charm URL that it still runs while its application has another one; else empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """To whom the ports of an endpoint are open; to everyone where neither is named."""

    spaces: tuple[str, ...] = ()
    cidrs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Endpoints of an application that other models may consume."""

    application: str
    endpoints: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """An application and its units; a subordinate's units are listed here too, not under their principals."""

    name: str
    charm: str
    """The charm URL, such as ``local:haproxy-0``."""
    status: Status
    units: tuple[Unit, ...] = ()
    subordinate_to: tuple[str, ...] = ()
    exposed: bool = False
    exposed_to: Mapping[str, Exposure] = field(default_factory=dict[str, Exposure])
    """By endpoint, the empty one for all; nothing where Juju did not say."""
    life: str = 'alive'
    channel: str = ''
    """Of a store's charm, as Juju writes it: ``latest/stable``."""
    revision: int | None = None
    """The charm's revision; None when Juju did not say."""
    newer: str = ''
    """The charm that its channel has by now, where the controller knows of a newer one."""
    scale: int | None = None
    """How many units it is to have where units are pods, which come and go later; None on machines."""

    @property
    def staying(self) -> tuple[Unit, ...]:
        """The units that are not on their way out."""
        return tuple(unit for unit in self.units if unit.life == 'alive')

    @property
    def size(self) -> int:
        """How many units it has, of pods how many it will have."""
        return len(self.staying) if self.scale is None else self.scale


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Endpoint:
    """One side of a relation; an empty *name* leaves the choice to Juju."""

    application: str
    name: str = ''

    def __str__(self) -> str:
        return f'{self.application}:{self.name}' if self.name else self.application

    def matches(self, other: Endpoint) -> bool:
        """Whether both may mean the same endpoint."""
        return self.application == other.application and (
            not self.name or not other.name or self.name == other.name
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A relation that exists; a peer relation has one endpoint."""

    id: int
    endpoints: tuple[Endpoint, ...]
    status: str = 'joined'


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A machine or container."""

    id: str
    agent: Status
    instance: Status
    life: str = 'alive'


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSnapshot:
    """All that was seen of a model at one moment."""

    name: str
    now_ms: int
    """The controller's clock, which the statuses' times are from."""
    applications: Mapping[str, Application] = field(default_factory=dict[str, Application])
    relations: tuple[Relation, ...] = ()
    machines: Mapping[str, Machine] = field(default_factory=dict[str, Machine])
    offers: Mapping[str, Offer] = field(default_factory=dict[str, Offer])
    saas: Mapping[str, str] = field(default_factory=dict[str, str])
    """The URLs of offers of other models, by the name that each has in this one."""
    on_kubernetes: bool = False
    """Whether units are pods; there are no machines then."""

    def units(self) -> Iterator[Unit]:
        """Every unit of every application."""
        for application in self.applications.values():
            yield from application.units


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionValue:
    """One option of a deployed application."""

    value: object
    type: str
    source: str
    """default, user or unset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an application is set to, beyond what a snapshot shows."""

    options: Mapping[str, OptionValue] = field(default_factory=dict[str, OptionValue])
    """Defaults included."""
    constraints: Mapping[str, str] = field(default_factory=dict[str, str])
    """As they are typed, sizes in MiB: ``mem`` is ``2048M``."""
    trust: bool = False
    annotations: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalCharm:
    """A charm on this machine: a folder (source or built) or a ``.charm`` archive."""

    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreCharm:
    """A charm that Juju fetches from its store."""

    name: str
    channel: str = ''
    revision: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where a bundle wants one unit; when it names no target, on a new machine."""

    text: str = ''
    """As it is written."""
    container: str = ''
    """lxd or kvm, when the unit gets a container on its target."""
    machine: str = ''
    """One of the bundle's machines, or a machine of the model where the bundle has none of that name."""
    application: str = ''
    unit: int = 0
    """Beside which of *application*'s units, counted from 0 in their order."""
    directive: str = ''
    """What only the cloud understands: ``zone=a``."""

    def __str__(self) -> str:
        return self.text or 'new'


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedMachine:
    """A machine that a bundle lists."""

    name: str
    """The bundle's; Juju may give the machine another number."""
    base: str = ''
    constraints: Mapping[str, str] = field(default_factory=dict[str, str])
    annotations: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedApplication:
    """What a bundle says of one application."""

    name: str
    charm: LocalCharm | StoreCharm
    num_units: int = 1
    subordinate: bool = False
    options: Mapping[str, str] = field(default_factory=dict[str, str])
    """Values as text, includes already read."""
    constraints: Mapping[str, str] = field(default_factory=dict[str, str])
    to: tuple[Placement, ...] = ()
    """By unit; units beyond it go where Juju likes."""
    expose: bool | None = None
    """None when the bundle does not say."""
    exposed_to: Mapping[str, Exposure] = field(default_factory=dict[str, Exposure])
    """By endpoint, the empty one for all, where they are exposed one by one."""
    base: str = ''
    """Such as ``ubuntu@24.04``; empty leaves the choice to the charm."""
    resources: Mapping[str, str] = field(default_factory=dict[str, str])
    storage: Mapping[str, str] = field(default_factory=dict[str, str])
    bindings: Mapping[str, str] = field(default_factory=dict[str, str])
    annotations: Mapping[str, str] = field(default_factory=dict[str, str])
    trust: bool = False
    """Whether the charm gets the cloud's credentials."""
    unnamed_images: tuple[str, ...] = ()
    """Images that its local charm wants and the bundle does not name: nothing else brings them."""
    private: frozenset[str] = frozenset()
    """The options whose values are secrets, never to be shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedRelation:
    """A relation that a bundle asks for, and where it does."""

    one: Endpoint
    other: Endpoint
    file: str = field(default='', compare=False)
    line: int = field(default=0, compare=False)
    column: int = field(default=0, compare=False)

    def __str__(self) -> str:
        return f'{self.one} - {self.other}'


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedModel:
    """What a bundle asks for, templates rendered, parents merged, files included."""

    applications: Mapping[str, WantedApplication] = field(default_factory=dict[str, WantedApplication])
    relations: tuple[WantedRelation, ...] = ()
    machines: Mapping[str, WantedMachine] = field(default_factory=dict[str, WantedMachine])
    offers: Mapping[str, Offer] = field(default_factory=dict[str, Offer])
    saas: Mapping[str, str] = field(default_factory=dict[str, str])
    """The URLs of offers of other models that are consumed, by the name that each gets."""
    on_kubernetes: bool = False
    """Whether it is for a model on Kubernetes."""
    remarks: tuple[str, ...] = ()
    """What the bundle says that has no effect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """Which charm content an application was last given from here."""

    digest: str
    charm: str
    """The charm URL that Juju gave it; another one means that somebody else changed the charm."""
