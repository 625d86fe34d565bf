"""The database: named by the operator, or given by either generation of ``mysql_client``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

import config
import related

ENDPOINT = 'database'
_OLD = 'wordpress'
"""What all blogs asked for before each had a database of its own."""
_OWN = 'own-database'
"""Where the relation keeps what this blog asks for when nobody says another name."""
_ASKED = ('username', 'password', 'tls', 'tls-ca', 'uris')


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """Where the site's tables are and how to log in there."""

    host: str
    port: int
    socket: str
    name: str
    user: str
    password: str
    tls: bool = False
    ca: str = ''

    @property
    def address(self) -> str:
        """Where it is, as people write it."""
        return self.socket or (
            f'[{self.host}]:{self.port}' if ':' in self.host else f'{self.host}:{self.port}'
        )

    @property
    def identity(self) -> str:
        """What makes it another database."""
        return f'{self.address}/{self.name}'


def ask(others: related.Related, *, name: str, default: str) -> None:
    """Ask for a database called *name*, in words that both generations of providers understand.

    Args:
        default: What a new relation asks for when *name* is empty; an older one goes on with what it had.
    """
    for relation in others.relations(ENDPOINT):
        told = others.told(relation)
        own = told.get(_OWN) or (_OLD if told.get('database') == _OLD else default)
        wanted = {'database': name or own, _OWN: own, 'requested-secrets': json.dumps(_ASKED)}
        others.publish_app(relation, wanted)


def related_database(others: related.Related, *, name: str) -> Database | None:
    """Return the database that the relation gives, once it is all there."""
    for relation in others.relations(ENDPOINT):
        for answer in _answers(others.app_bag(relation)):
            if found := understood(others.opened(answer), name=name):
                return found
    return None


def configured(options: config.DatabaseOptions) -> Database:
    """Return the database that the operator named."""
    return Database(
        host=options.host,
        port=options.port,
        socket=options.socket,
        name=options.name,
        user=options.user,
        password=options.password,
    )


def understood(answer: Mapping[str, str], *, name: str) -> Database | None:
    """Return what a provider's *answer* says, its secrets opened; nothing while something is missing."""
    # Some providers list every server; the first one takes writes.
    endpoint = answer.get('endpoints', '').split(',')[0].strip()
    user, password = answer.get('username', ''), answer.get('password', '')
    if not endpoint or not user or not password:
        return None
    host, port, socket = _place(endpoint)
    return Database(
        host=host,
        port=port,
        socket=socket,
        name=answer.get('database') or answer.get('resource') or name,
        user=user,
        password=password,
        tls=answer.get('tls', '').lower() in ('true', 'enabled', 'yes', '1'),
        ca=answer.get('tls-ca', ''),
    )


def _answers(bag: Mapping[str, str]) -> Iterator[Mapping[str, str]]:
    """The first generation answers with keys of the bag, the second with a list of requests."""
    for entry in related.json_list(bag.get('requests', '')):
        if isinstance(entry, dict):
            fields = cast('dict[str, object]', entry)
            yield {key: str(value) for key, value in fields.items() if isinstance(value, str | bool | int)}
    yield bag


def _place(endpoint: str) -> tuple[str, int, str]:
    if endpoint.startswith(('/', 'file:', 'unix:')):
        return '', 3306, endpoint.removeprefix('file://').removeprefix('unix:').removeprefix('file:')
    host, separator, port = endpoint.rpartition(':')
    if not separator or not port.isdigit() or (':' in host and not host.endswith(']')):
        return endpoint.strip('[]'), 3306, ''
    return host.strip('[]'), int(port), ''
