"""Charms that were uploaded to a model; each upload of a name gets the next revision."""

from __future__ import annotations

import dataclasses
import functools
import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bedrock.charm import Charm, Endpoint, Option
from pocket.services import rows
from pocket.services.errors import NOT_FOUND, JujuError
from pocket.state import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class CharmRecord:
    """One uploaded charm."""

    url: str
    """``local:name-N``."""
    name: str
    revision: int
    archive: Path
    sha256: str
    charm: Charm


def add_local(tx: Tx, uuid: str, *, archive: Path, sha256: str, charm: Charm) -> str:
    """Record an uploaded archive under the next free revision of its name and return its URL."""
    revision = rows.next_number(tx, uuid, f'charm-{charm.name}')
    url = f'local:{charm.name}-{revision}'
    # A YAML document may hold dates and keys that JSON has no words for; nothing here looks at those.
    document = json.dumps(dataclasses.asdict(charm), default=str, skipkeys=True)
    tx.db.execute(
        'INSERT INTO charm VALUES (?, ?, ?, ?, ?, ?, ?)',
        (uuid, url, charm.name, revision, str(archive), sha256, document),
    )
    return url


def archives(tx: Tx) -> frozenset[Path]:
    """Return the archives that some model names."""
    return frozenset(Path(row['archive']) for row in rows.many(tx, 'SELECT archive FROM charm'))


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
    )


@functools.lru_cache(maxsize=512)
def _charm(document: str) -> Charm:
    fields: dict[str, Any] = json.loads(document)
    fields['bases'] = tuple((name, channel) for name, channel in fields['bases'])
    fields['options'] = {name: Option(**option) for name, option in fields['options'].items()}
    fields['endpoints'] = {name: Endpoint(**endpoint) for name, endpoint in fields['endpoints'].items()}
    return Charm(**fields)
