"""The database's schema as numbered SQL files: append only, a released one never changes."""

from __future__ import annotations

from importlib import resources


def migrations() -> tuple[str, ...]:
    """Return the scripts of ``migrations/`` in the order of their names; the *n*-th makes version *n*."""
    files = (resources.files('pocket.state') / 'migrations').iterdir()
    return tuple(file.read_text() for file in sorted(files, key=lambda file: file.name))
