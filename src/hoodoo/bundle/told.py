"""Who hears how the steps of a plan go."""

from __future__ import annotations

from typing import Protocol


class Told(Protocol):
    """Hears how steps go."""

    def step(self, text: str, state: str) -> None:
        """*state* is started, done or failed."""
        ...

    def note(self, text: str) -> None:
        """Something worth a line."""
        ...
