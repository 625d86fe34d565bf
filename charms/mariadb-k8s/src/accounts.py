"""Users and databases: what is wanted, what the server has, and the statements in between.

Statements name passwords by their hashes only: neither an error message nor a log of the server can show one.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import string
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

PREFIX = 'relation-'
"""Users called so belong to a relation, and go with it."""

ROOT = 'root'
RESERVED = frozenset({ROOT, 'mysql', 'mariadb.sys', 'PUBLIC'})
SYSTEM_DATABASES = frozenset({'information_schema', 'mysql', 'performance_schema', 'sys'})

READ = """\
SELECT 'version', VERSION(), '', '';
SELECT 'database', SCHEMA_NAME, '', '' FROM information_schema.SCHEMATA;
SELECT 'user', User, Host, COALESCE(JSON_VALUE(Priv, '$.authentication_string'), '') FROM mysql.global_priv;
SELECT 'admin', User, Host, '' FROM mysql.user WHERE Super_priv = 'Y' AND Grant_priv = 'Y';
SELECT 'grant', User, Host, Db FROM mysql.db;
"""
"""Answers with four columns a row, read by `Found.parse`."""

_NAME = re.compile(r'[0-9A-Za-z_$][0-9A-Za-z_$-]{0,63}', re.ASCII)
_ALPHABET = string.ascii_letters + string.digits


class NameFault(Exception):
    """A name cannot be a database's or a user's; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A user and the database that is its own; ``is_admin`` gives it all the others too."""

    user: str
    password: str = field(repr=False)
    database: str
    is_admin: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the server has; users are those that may connect from anywhere."""

    version: str = ''
    databases: frozenset[str] = frozenset()
    hashes: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    admins: frozenset[str] = frozenset()
    grants: frozenset[tuple[str, str]] = frozenset()

    @classmethod
    def parse(cls, text: str) -> Found:
        """Read the answer to `READ`."""
        rows = [line.split('\t') for line in text.splitlines()]
        return cls(
            version=next((row[1].partition('-')[0] for row in rows if row[0] == 'version'), ''),
            databases=frozenset(row[1] for row in rows if row[0] == 'database'),
            hashes={(row[1], row[2]): row[3] for row in rows if row[0] == 'user'},
            admins=frozenset(row[1] for row in rows if row[0] == 'admin' and row[2] == '%'),
            # The client shows a backslash of the stored pattern as two.
            grants=frozenset(
                (row[1], row[3].replace('\\\\', '\\')) for row in rows if row[0] == 'grant' and row[2] == '%'
            ),
        )


def new_password() -> str:
    """Make up a password that no quoting can hurt."""
    return ''.join(secrets.choice(_ALPHABET) for _ in range(32))


def hash_of(password: str) -> str:
    """The form in which the server keeps *password* (mysql_native_password)."""
    once = hashlib.sha1(password.encode(), usedforsecurity=False).digest()
    return '*' + hashlib.sha1(once, usedforsecurity=False).hexdigest().upper()


def check_database(name: str) -> None:
    """Raise `NameFault` unless *name* can be the database of an application."""
    if not _NAME.fullmatch(name):
        raise NameFault('a name has at most 64 letters, digits, _, $ and -, and does not begin with -')
    if name.lower() in SYSTEM_DATABASES:
        raise NameFault(f'{name} is a database of the server itself')


def check_user(name: str) -> None:
    """Raise `NameFault` unless *name* can be a user who is not related."""
    if not _NAME.fullmatch(name):
        raise NameFault('a name has at most 64 letters, digits, _, $ and -, and does not begin with -')
    if name.lower() in RESERVED or name.startswith(PREFIX):
        raise NameFault(f'{name} is a name that the server or this charm uses itself')


def root_statements(password: str, found: Found) -> list[str]:
    """What gives root *password*; the system user mysql needs none, and keeps its own way in."""
    wanted = hash_of(password)
    if found.hashes.get((ROOT, 'localhost')) == wanted:
        return []
    how = f"mysql_native_password USING '{wanted}' OR unix_socket"
    return [f"ALTER USER '{ROOT}'@'localhost' IDENTIFIED VIA {how};"]


def statements(wanted: Iterable[Account], found: Found) -> list[str]:
    """What makes the users and databases of *wanted* that are missing or different."""
    made: list[str] = []
    databases = set(found.databases)
    for account in wanted:
        name, who = _quoted(account.database), f"'{account.user}'@'%'"
        if account.database not in databases:
            made.append(f'CREATE DATABASE IF NOT EXISTS {name};')
            databases.add(account.database)
        known, hashed = found.hashes.get((account.user, '%')), hash_of(account.password)
        if known is None:
            made.append(f"CREATE USER IF NOT EXISTS {who} IDENTIFIED BY PASSWORD '{hashed}';")
        elif known != hashed:
            made.append(f"ALTER USER {who} IDENTIFIED BY PASSWORD '{hashed}';")
        pattern = _pattern(account.database)
        if (account.user, pattern) not in found.grants:
            made.append(f'GRANT ALL PRIVILEGES ON `{pattern}`.* TO {who};')
        if account.is_admin and account.user not in found.admins:
            made.append(f'GRANT ALL PRIVILEGES ON *.* TO {who} WITH GRANT OPTION;')
        elif not account.is_admin and account.user in found.admins:
            made.extend(f'REVOKE {right} ON *.* FROM {who};' for right in ('ALL PRIVILEGES', 'GRANT OPTION'))
    return made


def removals(kept: Collection[str], found: Found) -> list[str]:
    """What removes the users of relations that are not among *kept*; databases stay."""
    return [f"DROP USER IF EXISTS '{user}'@'%';" for user in stale(kept, found)]


def stale(kept: Collection[str], found: Found) -> list[str]:
    """The users of relations that are not among *kept*."""
    theirs = (user for user, host in found.hashes if user.startswith(PREFIX) and host == '%')
    return sorted(user for user in theirs if user not in kept)


def _quoted(name: str) -> str:
    return f'`{name}`'


def _pattern(name: str) -> str:
    # In a grant _ stands for any letter: my_db would open myXdb as well.
    return name.replace('_', '\\_')
