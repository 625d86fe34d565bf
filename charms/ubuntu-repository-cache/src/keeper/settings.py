"""What the keeper is told: one JSON file, written by the charm, read once at start."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, cast

from keeper import errors


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that an operator decides. Times are seconds, sizes are bytes, 0 means no limit."""

    origins: tuple[str, ...]
    """Base addresses of the sync hosts, tried in order, for example ``http://archive.ubuntu.com/ubuntu``."""
    path_base: str
    keyring: str
    store: str
    runtime: str
    """Folder of the sockets."""
    suites: tuple[str, ...] = ()
    """Suites that must exist; empty together with *optional_suites*: whatever the sync host lists."""
    optional_suites: tuple[str, ...] = ()
    """Suites that are taken when the sync host has them."""
    pockets: tuple[str, ...] = ()
    """Limits discovered suites to these pockets; empty: all."""
    components: tuple[str, ...] = ()
    architectures: tuple[str, ...] = ()
    all_indexes: bool = False
    """Fetch every index that passes the filter, not only those that apt asks for by default."""
    store_bytes: int = 0
    """Limit of the store; 0: *store_percent* of the file system."""
    store_percent: int = 80
    sync_interval: int = 7200
    security_interval: int = 600
    retain: int = 48 * 3600
    keep_snapshots: int = 8
    max_upstream: int = 16
    bandwidth: int = 0
    """Bytes a second taken from sync hosts by all transfers together."""
    stale_warn: int = 4 * 3600
    stale_crit: int = 12 * 3600
    display_host: str = ''

    @property
    def selection(self) -> str:
        """A fingerprint of what decides a snapshot's content: another one means that a new build is due."""
        parts = (
            self.path_base,
            self.suites,
            self.optional_suites,
            self.pockets,
            self.components,
            self.architectures,
            self.all_indexes,
            self.display_host,
        )
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def load(path: Path) -> Settings:
    """Read *path*.

    Raises:
        KeeperError: the file is missing, is not JSON, or holds an unknown or badly typed key.
    """
    try:
        raw: object = json.loads(path.read_text())
    except (OSError, ValueError) as err:
        raise errors.KeeperError(f'cannot read settings {path}') from err
    if not isinstance(raw, dict):
        raise errors.KeeperError(f'cannot read settings {path}: not a mapping')
    return from_mapping(cast('dict[str, Any]', raw))


def from_mapping(raw: dict[str, Any]) -> Settings:
    """Check and convert decoded JSON; lists become tuples."""
    known = {field.name: str(field.type) for field in fields(Settings)}
    values: dict[str, Any] = {}
    for key, value in raw.items():
        if key not in known:
            raise errors.KeeperError(f'cannot use settings: unknown key "{key}"')
        checked = _checked(known[key], value)
        if checked is None:
            raise errors.KeeperError(f'cannot use settings: "{key}" is not {known[key]}')
        values[key] = checked
    try:
        return Settings(**values)
    except TypeError as err:
        raise errors.KeeperError('cannot use settings: a needed key is missing') from err


def _checked(kind: str, value: object) -> object:
    if kind.startswith('tuple'):
        if not isinstance(value, (list, tuple)):
            return None
        items = tuple(cast('list[object]', value))
        return items if all(isinstance(item, str) for item in items) else None
    wanted = {'str': str, 'int': int, 'bool': bool}[kind]
    return value if type(value) is wanted else None
