"""Storage as agents see it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageView:
    """One storage instance that is attached to a unit, or is to be."""

    id: str
    """``data/0``."""
    kind: str
    """``filesystem``."""
    location: str
    """Where the machine has it mounted."""
    dying: bool
    """It is to be detached."""
    provisioned: bool
    """It is there: the charm may use it."""

    @property
    def name(self) -> str:
        """The name that the charm declares, ``data``."""
        return self.id.rpartition('/')[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageAddition:
    """What storage-add asks for."""

    name: str
    count: int
