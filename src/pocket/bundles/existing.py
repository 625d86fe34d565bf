"""The part of a model that a bundle is compared with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pocket.bundles.spec import Bundle
from pocket.bundles.verify import natural


@dataclass(frozen=True, slots=True, kw_only=True)
class ExistingApplication:
    """One application that is in the model."""

    charm: str
    """As a bundle would name it; a local charm by the path in the bundle while that is what runs."""
    charm_name: str = ''
    channel: str = ''
    revision: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Effective values."""
    constraints: str = ''
    exposed: bool = False
    exposed_endpoints: Mapping[str, Any] = field(default_factory=dict[str, Any])
    annotations: Mapping[str, str] = field(default_factory=dict[str, str])
    units: Mapping[str, str] = field(default_factory=dict[str, str])
    """Machine by unit name; empty while a unit has none."""
    scale: int = 0
    """How many units it is to have, on Kubernetes."""
    offers: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])

    @property
    def placed(self) -> list[tuple[str, str]]:
        """Units and their machines in order of number."""
        return sorted(self.units.items(), key=lambda item: natural(item[0]))


@dataclass(frozen=True, slots=True, kw_only=True)
class ExistingModel:
    """What is there already; empty for a plan from nothing."""

    applications: Mapping[str, ExistingApplication] = field(default_factory=dict[str, ExistingApplication])
    machines: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    """Annotations by machine id."""
    relations: frozenset[frozenset[str]] = frozenset()
    """Pairs of ``app:endpoint``."""
    saas: Mapping[str, str] = field(default_factory=dict[str, str])
    """Offer URL by name."""
    next_machine: int = 0
    next_unit: Mapping[str, int] = field(default_factory=dict[str, int])
    """Number that the next unit of an application gets."""
    machine_map: Mapping[str, str] = field(default_factory=dict[str, str])
    """Machine of the model by machine of the bundle."""

    def is_related(self, first: str, second: str) -> bool:
        """Whether a relation is there that ``app`` or ``app:endpoint`` *first* and *second* mean."""
        return any(
            (_means(first, one) and _means(second, other)) or (_means(first, other) and _means(second, one))
            for one, other in (sorted(pair) for pair in self.relations if len(pair) == 2)
        )


def inferred_machines(bundle: Bundle, model: ExistingModel) -> dict[str, str]:
    """Which machine of the model each machine of the bundle is, as far as deployed units tell."""
    found = dict(model.machine_map)
    taken = set(found.values())
    for name, application in bundle.applications.items():
        present = model.applications.get(name)
        for index, (_, machine) in enumerate(present.placed if present else []):
            wanted = application.placement_of(index).machine if index < application.num_units else ''
            real = machine.partition('/')[0]
            if wanted and real and wanted not in found and real not in taken:
                found[wanted] = real
                taken.add(real)
    return found


def _means(wanted: str, endpoint: str) -> bool:
    return wanted == endpoint or wanted == endpoint.partition(':')[0]
