"""Credentials of clouds: kept and shown as Juju keeps them, needed by nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from pocket.services import clouds, rows
from pocket.services.clouds import Cloud
from pocket.services.errors import ALREADY_EXISTS, BAD_REQUEST, NOT_FOUND, NOT_SUPPORTED, JujuError
from pocket.state import Tx

HIDDEN = frozenset(
    {
        *('access-key', 'secret-key', 'password', 'application-password', 'private-key', 'client-key'),
        *('token', 'key', 'pass-phrase', 'maas-oauth', 'file', 'trust-password', 'trust-token'),
    }
)
"""Attributes that are shown only to who asks for secrets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """One credential."""

    cloud: str
    owner: str
    name: str
    auth_type: str
    attributes: Mapping[str, str]

    @property
    def id(self) -> str:
        """``cloud/owner/name``."""
        return f'{self.cloud}/{self.owner}/{self.name}'


def split_tag(tag: str) -> tuple[str, str, str]:
    """``cloudcred-aws_admin_mine`` -> cloud, owner, name.

    Raises:
        JujuError: it is no such tag.
    """
    kind, _, rest = tag.partition('-')
    parts = rest.split('_', 2)
    if kind != 'cloudcred' or len(parts) != 3 or not all(parts):
        raise JujuError(f'"{tag}" is not a valid cloudcred tag', BAD_REQUEST)
    return parts[0], parts[1], parts[2]


def put(
    tx: Tx, tag: str, *, auth_type: str, attributes: Mapping[str, str], new: bool = False
) -> list[tuple[str, str]]:
    """Keep a credential, in the place of one of the same name; return uuid and name of models that use it.

    Raises:
        JujuError: the cloud is not there or does not take its kind, or with *new* it is there already.
    """
    name = split_tag(tag)
    cloud = clouds.get(tx, name[0])
    if auth_type not in cloud.auth_types:
        raise JujuError(
            f'supported auth-types {_quoted(cloud.auth_types)}, "{auth_type}" not supported', NOT_SUPPORTED
        )
    if new and _row(tx, *name) is not None:
        raise JujuError(f'credential "{name[2]}" for cloud "{name[0]}" already exists', ALREADY_EXISTS)
    tx.db.execute(
        'INSERT INTO credential VALUES (?, ?, ?, ?, ?) ON CONFLICT (cloud, owner, name)'
        ' DO UPDATE SET auth_type = excluded.auth_type, attributes = excluded.attributes',
        (*name, auth_type, rows.dumps(dict(attributes))),
    )
    return models_of(tx, '/'.join(name))


def revoke(tx: Tx, tag: str, *, force: bool) -> list[tuple[str, str]]:
    """Remove a credential; return uuid and name of the models that used it.

    Raises:
        JujuError: it is not there, or used by models and *force* is not given.
    """
    name = split_tag(tag)
    found = _require(tx, *name)
    users = models_of(tx, found.id)
    if users and not force:
        shown = ', '.join(model for _, model in users)
        raise JujuError(f'cannot revoke credential {tag}: it is still used by {len(users)} model(s): {shown}')
    tx.db.execute('DELETE FROM credential WHERE cloud = ? AND owner = ? AND name = ?', name)
    tx.db.execute("UPDATE model SET credential = '' WHERE credential = ?", (found.id,))
    for uuid, _ in users:
        tx.touch(uuid)
    return users


def get(tx: Tx, tag: str) -> Credential:
    """Return a credential.

    Raises:
        JujuError: there is none of that name.
    """
    return _require(tx, *split_tag(tag))


def list_(tx: Tx, *, owner: str, cloud: str = '') -> list[Credential]:
    """Return a user's credentials, of one cloud or of all."""
    found = rows.many(
        tx,
        "SELECT * FROM credential WHERE owner = ?1 AND (?2 = '' OR cloud = ?2) ORDER BY cloud, name",
        *(owner, cloud),
    )
    return [_record(row) for row in found]


def models_of(tx: Tx, credential: str) -> list[tuple[str, str]]:
    """Return uuid and name of the models that use a credential."""
    found = rows.many(tx, 'SELECT uuid, name FROM model WHERE credential = ? ORDER BY name', credential)
    return [(str(row['uuid']), str(row['name'])) for row in found]


def for_model(tx: Tx, cloud: Cloud, tag: str) -> str:
    """The credential of a new model as its row keeps it; empty for none.

    Raises:
        JujuError: it is not there or of another cloud.
    """
    if not tag:
        return ''
    found = get(tx, tag)
    if found.cloud != cloud.name:
        raise JujuError(f'credential "{found.id}" not valid for cloud "{cloud.name}"', BAD_REQUEST)
    return found.id


def _require(tx: Tx, cloud: str, owner: str, name: str) -> Credential:
    row = _row(tx, cloud, owner, name)
    if row is None:
        raise JujuError(f'credential "{cloud}/{owner}/{name}" not found', NOT_FOUND)
    return _record(row)


def _row(tx: Tx, cloud: str, owner: str, name: str) -> sqlite3.Row | None:
    return rows.one(
        tx, 'SELECT * FROM credential WHERE cloud = ? AND owner = ? AND name = ?', cloud, owner, name
    )


def _record(row: sqlite3.Row) -> Credential:
    return Credential(
        cloud=str(row['cloud']),
        owner=str(row['owner']),
        name=str(row['name']),
        auth_type=str(row['auth_type']),
        attributes=rows.loads(row['attributes']),
    )


def _quoted(words: tuple[str, ...]) -> str:
    return '[{}]'.format(' '.join(f'"{word}"' for word in words))
