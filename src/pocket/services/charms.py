"""Charms of a model: uploaded ones, of which each gets the next revision of its name, and a store's."""

from __future__ import annotations

import dataclasses
import functools
import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bedrock.charm import Charm, Endpoint, Option
from pocket.services import rows
from pocket.services.errors import NOT_FOUND, JujuError
from pocket.state import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class CharmRecord:
    """One charm."""

    url: str
    """``local:name-N`` or ``ch:arch/name-N``."""
    name: str
    revision: int
    archive: Path
    """Where it is; see `downloaded`."""
    sha256: str
    charm: Charm
    """Of a store's charm that is not downloaded yet, what the store says of it."""
    origin: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Of a store's charm: ``id``, ``download`` (the URL) and ``resources``."""

    @property
    def downloaded(self) -> bool:
        """Whether its archive is here."""
        return self.archive != _NOT_HERE


_NOT_HERE = Path()


def add_local(tx: Tx, uuid: str, *, archive: Path, sha256: str, charm: Charm) -> str:
    """Record an uploaded archive under the next free revision of its name and return its URL."""
    revision = rows.next_number(tx, uuid, f'charm-{charm.name}', least=charm.revision)
    url = f'local:{charm.name}-{revision}'
    tx.db.execute(
        'INSERT INTO charm (model_uuid, url, name, revision, archive, sha256, document)'
        ' VALUES (?, ?, ?, ?, ?, ?, ?)',
        (uuid, url, charm.name, revision, str(archive), sha256, _document(charm)),
    )
    return url


def add_from_store(
    tx: Tx, uuid: str, url: str, *, revision: int, sha256: str, charm: Charm, origin: Mapping[str, Any]
) -> None:
    """Record a store's charm; somebody downloads it later. One that is known stays as it is."""
    tx.db.execute(
        'INSERT OR IGNORE INTO charm (model_uuid, url, name, revision, archive, sha256, document, origin)'
        " VALUES (?, ?, ?, ?, '', ?, ?, ?)",
        (uuid, url, charm.name, revision, sha256, _document(charm), rows.dumps(origin)),
    )
    tx.touch(uuid)


def to_download(tx: Tx) -> list[tuple[str, CharmRecord]]:
    """Return every charm that some model waits for, with the model's uuid."""
    found = rows.many(tx, "SELECT * FROM charm WHERE archive = '' ORDER BY model_uuid, url")
    return [(str(row['model_uuid']), from_row(row)) for row in found]


def set_downloaded(tx: Tx, uuid: str, url: str, *, archive: Path, charm: Charm) -> None:
    """Note that a store's charm is here; its units go on."""
    tx.db.execute(
        'UPDATE charm SET archive = ?, document = ? WHERE model_uuid = ? AND url = ?',
        (str(archive), _document(charm), uuid, url),
    )
    tx.touch(uuid)


def archives(tx: Tx) -> frozenset[Path]:
    """Return the archives that some model names."""
    found = rows.many(tx, "SELECT archive FROM charm WHERE archive <> ''")
    return frozenset(Path(row['archive']) for row in found)


def get(tx: Tx, uuid: str, url: str) -> CharmRecord:
    """Return a charm.

    Raises:
        JujuError: the model has no such charm.
    """
    record = find(tx, uuid, url)
    if record is None:
        raise JujuError(f'charm "{url}" not found', NOT_FOUND)
    return record


def find(tx: Tx, uuid: str, url: str) -> CharmRecord | None:
    """Return a charm, None when the model has no such one."""
    row = rows.one(tx, 'SELECT * FROM charm WHERE model_uuid = ? AND url = ?', uuid, url)
    return None if row is None else from_row(row)


def list_(tx: Tx, uuid: str) -> list[CharmRecord]:
    """Return every charm of a model."""
    found = rows.many(tx, 'SELECT * FROM charm WHERE model_uuid = ? ORDER BY name, revision', uuid)
    return [from_row(row) for row in found]


def from_row(row: sqlite3.Row) -> CharmRecord:
    """Return the charm in a row."""
    return CharmRecord(
        url=str(row['url']),
        name=str(row['name']),
        revision=int(row['revision']),
        archive=Path(row['archive']),
        sha256=str(row['sha256']),
        charm=_charm(str(row['document'])),
        origin=rows.loads(row['origin']),
    )


def _document(charm: Charm) -> str:
    # A YAML document may hold dates and keys that JSON has no words for; nothing here looks at those.
    return json.dumps(dataclasses.asdict(charm), default=str, skipkeys=True)


@functools.lru_cache(maxsize=512)
def _charm(document: str) -> Charm:
    fields: dict[str, Any] = json.loads(document)
    fields['bases'] = tuple((name, channel) for name, channel in fields['bases'])
    fields['options'] = {name: Option(**option) for name, option in fields['options'].items()}
    fields['endpoints'] = {name: Endpoint(**endpoint) for name, endpoint in fields['endpoints'].items()}
    return Charm(**fields)
