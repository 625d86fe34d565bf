"""What an inventory says of one environment, with every default and template filled in."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

OTHERS = stat.S_IRWXG | stat.S_IRWXO
"""What nobody but its owner may do with a file that holds an account."""


class Kind(Enum):
    """Where the account of an environment's controller comes from."""

    CLIENT = 'client'
    """The Juju client's own files, as ``juju login`` left them."""
    FILE = 'file'
    """A YAML file with ``user`` and ``password``."""
    COMMAND = 'command'
    """A program that prints such a document."""
    KEYRING = 'keyring'
    """The system's keyring."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A source of an account; never the account itself."""

    kind: Kind = Kind.CLIENT
    path: str = ''
    """Of a file; relative to the inventory's folder."""
    command: tuple[str, ...] = ()
    service: str = ''
    """Of a keyring's entry; its user name is the environment's controller unless *user* says another."""
    user: str = ''


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where in the inventory something was said."""

    file: Path
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """One deployment of a service: which model on which controller, and which spec makes it so."""

    name: str
    """Unique in the inventory; ``SERVICE/CLOUD/REGION/STAGE`` unless the inventory says another."""
    service: str
    cloud: str
    region: str
    stage: str
    """Directory of the spec, as in ``hoodoo run --stage``."""
    controller: str
    """As the Juju client knows it."""
    model: str
    """``[OWNER/]NAME``."""
    spec: str
    """A directory or an address, as in ``hoodoo run SPEC``; empty where nothing deploys it from here."""
    revision: str = ''
    """Of the spec's repository; empty for the newest."""
    production: bool = False
    """Whether to be careful: it is shown unmistakably."""
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    owners: tuple[str, ...] = ()
    runbook: str = ''
    dns: tuple[str, ...] = ()
    credentials: Credentials = field(default_factory=Credentials)
    read_credentials: Credentials | None = None
    """Of an account that may only look, for those who are to change nothing; None where there is none."""
    place: Place
