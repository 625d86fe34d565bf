"""Who may use the Kubernetes API of a model: its administrator, and applications that are trusted."""

from __future__ import annotations

import base64
import hashlib
import hmac
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field

from pocket.services import rows
from pocket.state import Tx

_ADMIN = 'admin'


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Whom a token is of."""

    name: str
    """``system:admin``, or as Kubernetes calls service accounts."""
    is_allowed: bool
    """Everything in the model; else nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a client needs to use the API."""

    host: str
    port: int
    namespace: str
    token: str = field(repr=False)


def for_admin(tx: Tx, uuid: str, secret: bytes) -> Credentials | None:
    """Return the administrator's credentials; None while the model's API does not answer."""
    return _credentials(tx, uuid, _token(secret, _ADMIN))


def for_application(tx: Tx, uuid: str, application: str, secret: bytes) -> Credentials | None:
    """Return the credentials of an application's service account, which unless trusted may do nothing."""
    row = _application(tx, uuid, application)
    if row is None:
        return None
    return _credentials(tx, uuid, _token(secret, f'{uuid}:{application}:{row["created_ms"]}'))


def environment(tx: Tx, uuid: str) -> Mapping[str, str]:
    """Return what programs in the pods of a model are told of its API; empty where there is none."""
    row = rows.one(tx, 'SELECT address, port FROM kube_gateway WHERE model_uuid = ? AND port > 0', uuid)
    if row is None:
        return {}
    port = str(row['port'])
    return {
        'KUBERNETES_SERVICE_HOST': str(row['address']),
        'KUBERNETES_SERVICE_PORT': port,
        'KUBERNETES_SERVICE_PORT_HTTPS': port,
    }


def check(tx: Tx, uuid: str, token: str, secret: bytes) -> Account | None:
    """Return whom *token* is of in a model; None when it is none."""
    encoded = token.partition('.')[0]
    try:
        subject = base64.urlsafe_b64decode(encoded + '=' * (-len(encoded) % 4)).decode()
    except ValueError:
        return None
    if not hmac.compare_digest(_token(secret, subject), token):
        return None
    if subject == _ADMIN:
        return Account(name='system:admin', is_allowed=True)
    model, application, created = subject.split(':')
    row = _application(tx, uuid, application)
    # An application that was removed and deployed again is another one.
    if model != uuid or row is None or str(row['created_ms']) != created:
        return None
    name = f'system:serviceaccount:{row["namespace"]}:{application}'
    return Account(name=name, is_allowed=bool(row['trust']))


def set_port(tx: Tx, uuid: str, address: str, port: int) -> None:
    """Note where the API of a model listens; 0: nowhere (any more)."""
    changed = tx.db.execute(
        'UPDATE kube_gateway SET port = ?3 WHERE model_uuid = ?1 AND address = ?2 AND port <> ?3',
        (uuid, address, port),
    )
    if changed.rowcount:
        tx.touch(uuid)


def _credentials(tx: Tx, uuid: str, token: str) -> Credentials | None:
    row = rows.one(
        tx,
        'SELECT kube_gateway.*, model.name FROM kube_gateway JOIN model ON model.uuid = model_uuid'
        ' WHERE model_uuid = ? AND port > 0',
        uuid,
    )
    if row is None:
        return None
    return Credentials(
        host=str(row['address']), port=int(row['port']), namespace=str(row['name']), token=token
    )


def _application(tx: Tx, uuid: str, application: str) -> sqlite3.Row | None:
    return rows.one(
        tx,
        'SELECT trust, application.created_ms, model.name AS namespace FROM application'
        ' JOIN model ON model.uuid = model_uuid WHERE model_uuid = ? AND application.name = ?',
        *(uuid, application),
    )


def _token(secret: bytes, subject: str) -> str:
    mac = hmac.new(secret, f'kubernetes {subject}'.encode(), hashlib.sha256).digest()
    return '.'.join(base64.urlsafe_b64encode(part).decode().rstrip('=') for part in (subject.encode(), mac))
