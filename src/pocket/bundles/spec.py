"""A bundle as plain frozen data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_PLACEMENT = re.compile(
    r'(?:(?P<container>[a-z]+):)?'
    r'(?:(?P<machine>\d+)|(?P<application>[a-z][a-z0-9]*(?:-[a-z0-9]*[a-z][a-z0-9]*)*)(?:/(?P<unit>\d+))?)'
)
CONTAINERS = frozenset({'lxd', 'lxc', 'kvm'})


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where one unit goes: a machine, beside a unit, or a new machine; perhaps in a container."""

    text: str
    container: str = ''
    machine: str = ''
    application: str = ''
    unit: int | None = None

    @property
    def new(self) -> bool:
        """Whether it asks for a new machine."""
        return not self.machine and not self.application


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Endpoints of an application that other models may consume."""

    endpoints: tuple[str, ...]
    acl: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """One application of a bundle."""

    name: str
    charm: str
    channel: str = ''
    revision: int | None = None
    base: str = ''
    """Empty: the bundle's, else the charm's own."""
    num_units: int = 0
    to: tuple[Placement, ...] = ()
    expose: bool = False
    exposed_endpoints: Mapping[str, Any] = field(default_factory=dict[str, Any])
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    annotations: Mapping[str, str] = field(default_factory=dict[str, str])
    constraints: str = ''
    storage: Mapping[str, str] = field(default_factory=dict[str, str])
    devices: Mapping[str, str] = field(default_factory=dict[str, str])
    bindings: Mapping[str, str] = field(default_factory=dict[str, str])
    resources: Mapping[str, int | str] = field(default_factory=dict[str, 'int | str'])
    trust: bool = False
    offers: Mapping[str, Offer] = field(default_factory=dict[str, Offer])

    @property
    def local(self) -> bool:
        """Whether its charm is a file or folder beside the bundle."""
        return is_path(self.charm)

    def placement_of(self, index: int) -> Placement:
        """Where unit number *index* goes: the last directive holds for all that follow."""
        return self.to[min(index, len(self.to) - 1)] if self.to else NEW


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """One machine of a bundle."""

    base: str = ''
    constraints: str = ''
    annotations: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """Two endpoints, each ``app`` or ``app:endpoint``."""

    first: str
    second: str

    def __str__(self) -> str:
        return f'["{self.first}" "{self.second}"]'


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A whole bundle with its overlays applied."""

    name: str = ''
    kubernetes: bool = False
    default_base: str = ''
    applications: Mapping[str, Application] = field(default_factory=dict[str, Application])
    machines: Mapping[str, Machine] = field(default_factory=dict[str, Machine])
    relations: tuple[Relation, ...] = ()
    saas: Mapping[str, str] = field(default_factory=dict[str, str])
    """Offer URL by name."""


NEW = Placement(text='new')


def placement(text: str) -> Placement | None:
    """The placement that *text* means; None when it means none."""
    found = _PLACEMENT.fullmatch(text)
    if found is None or (found['container'] and found['container'] not in CONTAINERS):
        return None
    container = 'lxd' if found['container'] == 'lxc' else found['container'] or ''
    if found['application'] == 'new':
        return None if found['unit'] else Placement(text=text, container=container)
    return Placement(
        text=text,
        container=container,
        machine=found['machine'] or '',
        application=found['application'] or '',
        unit=int(found['unit']) if found['unit'] else None,
    )


def is_path(charm: str) -> bool:
    """Whether a charm is named by a path."""
    return charm.startswith(('.', '/', '~')) or charm.endswith('.charm')


def charm_name(charm: str) -> str:
    """The name in ``ch:amd64/noble/mysql-3``, ``local:mysql-3`` or ``mysql``."""
    bare = charm.partition(':')[2] or charm
    last = bare.rpartition('/')[2]
    name, dash, revision = last.rpartition('-')
    return name if dash and revision.isdecimal() else last
