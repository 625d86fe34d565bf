"""One step of deploying a bundle, and the steps in the order in which they are made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One step. Strings in `args` that begin with ``$`` stand for the result of the step that they name."""

    id: str
    """``<method>-<n>``."""
    method: str
    args: Mapping[str, Any]
    requires: tuple[str, ...]
    """Ids of the steps that come before it."""
    lines: tuple[str, ...]
    """What it does, for a person."""


@dataclass(slots=True)
class Changes:
    """Steps as they are found. A step is added after all that it requires."""

    made: list[Change] = field(default_factory=list[Change])

    def add(self, method: str, args: Mapping[str, Any], *lines: str, requires: Iterable[str] = ()) -> str:
        """Add a step and return its id; arguments that are empty are left out."""
        identifier = f'{method}-{len(self.made)}'
        self.made.append(
            Change(
                id=identifier,
                method=method,
                args={key: value for key, value in args.items() if value not in ('', None, {}, [])},
                requires=tuple(sorted({one for one in requires if one})),
                lines=lines,
            )
        )
        return identifier
