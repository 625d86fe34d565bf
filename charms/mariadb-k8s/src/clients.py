"""The mysql_client interface, as the side that has the database speaks it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import accounts
import ops

ENDPOINT = 'database'
PORT = 3306

_KEPT_SECRET = frozenset({'username', 'password', 'uris'})
_PLAIN = ('username', 'password', 'uris')


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What an application asks for."""

    database: str
    is_admin: bool
    by_secret: bool


def request(relation: ops.Relation) -> Request | None:
    """Read what the other side of *relation* asks for; None as long as it asks for no database."""
    bags = [relation.data[relation.app], *(relation.data[unit] for unit in relation.units)]
    # Old clients ask in the databag of a unit.
    asking = next((bag for bag in bags if bag.get('database')), None)
    if asking is None:
        return None
    roles = {role.strip() for role in asking.get('extra-user-roles', '').split(',')}
    return Request(
        database=asking['database'],
        is_admin='admin' in roles,
        by_secret=bool(_names(asking.get('requested-secrets', '')) & _KEPT_SECRET),
    )


def answer(
    account: accounts.Account, *, endpoint: str, version: str, by_secret: bool, secret_id: str
) -> Mapping[str, str]:
    """What the application is told; a key with an empty value goes out of the databag."""
    told = credentials(account, endpoint)
    return {
        'database': account.database,
        'endpoints': endpoint,
        # There is one server: whoever only reads, reads there.
        'read-only-endpoints': endpoint,
        'version': version,
        'secret-user': secret_id if by_secret else '',
        **{name: '' if by_secret else told[name] for name in _PLAIN},
    }


def credentials(account: accounts.Account, endpoint: str) -> dict[str, str]:
    """The content of an account's secret."""
    user, password = account.user, account.password
    return {
        'username': user,
        'password': password,
        'uris': f'mysql://{user}:{password}@{endpoint}/{account.database}',
    }


def _names(text: str) -> set[str]:
    try:
        value: object = json.loads(text or '[]')
    except ValueError:
        return set()
    return {str(name) for name in cast('list[object]', value)} if isinstance(value, list) else set()
