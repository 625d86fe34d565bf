"""What is watched, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FAILURE, RECOVERY, ERROR, EACH = 'failure', 'recovery', 'error', 'each'
EVENTS = (FAILURE, RECOVERY, ERROR, EACH)
"""When somebody is told: of a revision that failed, of the first good one after it, of one that cannot be
tried at the moment, of every one that ended."""
USUAL = (FAILURE, RECOVERY, ERROR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a secret is read from, each time it is needed."""

    file: Path | None = None
    command: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """How much of a spec's history is kept; None is no bound."""

    count: int | None = 100
    """So many revisions that ended, the newest ones."""
    age_s: float | None = 90 * 86400.0
    """Those that ended since."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """A spec of a repository, and how it is tried."""

    name: str
    """Tells it apart within its repository."""
    path: str
    """Its directory; empty for the repository's top."""
    also: tuple[str, ...] = ()
    """Patterns of other paths that it depends on."""
    stage: str = ''
    controller: str = ''
    cloud: str = ''
    timeout_s: float = 3600.0
    env: tuple[tuple[str, str], ...] = ()
    keep: Keep = Keep()


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A git repository and what of it is watched."""

    name: str
    url: str
    """As git takes it."""
    branches: tuple[str, ...] = ()
    """Patterns; none: the repository's own default branch."""
    every: bool = False
    """Whether each commit of a push is tried, not only the last one."""
    poll_s: float
    specs: tuple[Spec, ...]
    secret: Source | None = None
    """Of its webhook."""
    keep: Keep = Keep()
    """For specs that it has no more."""

    def spec(self, name: str) -> Spec | None:
        """The spec of that name; None when there is none any more."""
        return next((spec for spec in self.specs if spec.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Whom to tell."""

    name: str
    source: Source
    """Of the address, which holds a password more often than not."""
    on: tuple[str, ...]
    repositories: tuple[str, ...]
    """Patterns of names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All of a file."""

    file: Path
    concurrency: int
    repositories: tuple[Repository, ...]
    listen: tuple[str, int] | None
    """Address and port for webhooks."""
    targets: tuple[Target, ...]
    keep: Keep = Keep()
    """For repositories that are watched no more."""

    def repository(self, name: str) -> Repository | None:
        """The repository of that name; None when there is none any more."""
        return next((one for one in self.repositories if one.name == name), None)
