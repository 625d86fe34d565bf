"""Gets the account of an environment's controller from where the inventory says that it is."""

from __future__ import annotations

import importlib
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import yaml

from bedrock import errors, process
from hoodoo import settings as settings_module
from hoodoo.inventory import environment as inventory

__all__ = ['Account', 'account']

PATIENCE_S = 120.0
"""A command may ask a person for a passphrase."""
_LONGEST = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Who we are to a controller."""

    user: str
    """Empty where the source knows a password alone: the account's name is the client's."""
    password: str = field(repr=False)


def account(
    settings: settings_module.Settings,
    environment: inventory.Environment,
    *,
    write: bool,
    timeout_s: float = PATIENCE_S,
) -> Account | None:
    """The account for *environment*; None where the Juju client's own files have it.

    Args:
        write: Whether it is to change anything; else one that may only look is preferred.
        timeout_s: For a command.

    Raises:
        Fault: the source does not give one; the message says which source and how, and no secret.
    """
    source = environment.credentials if write else environment.read_credentials or environment.credentials
    where = f'{environment.place.file}:{environment.place.line}'
    if source.kind is inventory.Kind.CLIENT:
        return None
    if source.kind is inventory.Kind.FILE:
        path = Path(settings.inventory, Path(source.path).expanduser())
        return _read(_file(path, environment, where), f'file {path}', source, environment, where)
    if source.kind is inventory.Kind.COMMAND:
        name = f'command "{shlex.join(source.command)}"'
        return _read(
            _printed(settings, source, environment, where, timeout_s), name, source, environment, where
        )
    name = f'keyring entry "{source.service}" of {source.user or environment.controller}'
    return _read(_kept(source, environment, where), name, source, environment, where)


def _file(path: Path, environment: inventory.Environment, where: str) -> str:
    try:
        if path.stat().st_mode & inventory.OTHERS:
            hint = f'Run "chmod 600 {path}".'
            raise _fault(environment, f'others can read {path}, which holds an account', where, hint=hint)
        return path.read_text()
    except (OSError, UnicodeDecodeError) as err:
        why = err.strerror if isinstance(err, OSError) else 'it is not text'
        raise _fault(environment, f'cannot read file {path}: {why}', where) from None


def _printed(
    settings: settings_module.Settings,
    source: inventory.Credentials,
    environment: inventory.Environment,
    where: str,
    timeout_s: float,
) -> str:
    command = shlex.join(source.command)
    try:
        done = process.run(source.command, env=settings.environ, timeout_s=timeout_s, check=False)
    except process.LateFault:
        # Its text would repeat what was printed.
        raise _fault(environment, f'command "{command}" did not end within {timeout_s:g} s', where) from None
    except process.ProgramFault as err:
        raise _fault(environment, f'command "{command}": {err.message}', where) from None
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        why = f': {said[-1][:_LONGEST]}' if said else ''
        raise _fault(environment, f'command "{command}" ended with {done.returncode}{why}', where)
    return done.stdout


def _kept(source: inventory.Credentials, environment: inventory.Environment, where: str) -> str:
    name = source.user or environment.controller
    entry = f'keyring entry "{source.service}" of {name}'
    try:
        keyring: Any = importlib.import_module('keyring')
    except ImportError:
        raise _fault(
            environment,
            f'{entry} needs the Python package "keyring"',
            where,
            hint='Install it: pip install "hoodoo[keyring]".',
        ) from None
    try:
        found: object = keyring.get_password(source.service, name)
    except keyring.errors.KeyringError as err:
        raise _fault(environment, f'{entry}: {err or type(err).__name__}', where) from None
    if not isinstance(found, str):
        raise _fault(
            environment,
            f'there is no {entry}',
            where,
            hint=f'Put it there: {shlex.join(["keyring", "set", source.service, name])}',
        )
    return found


def _read(
    text: str, what: str, source: inventory.Credentials, environment: inventory.Environment, where: str
) -> Account:
    """Understand a document with ``user`` and ``password``, or a single line that is a password."""
    form = 'It must be YAML with "user" and "password", or one line with the password alone.'
    lines = text.strip().splitlines()
    try:
        # As it is written: a password of digits is no number.
        found: object = yaml.BaseLoader(text).get_single_data()
    except (yaml.YAMLError, ValueError):
        # Without its text, which may repeat a secret. A password need not be YAML.
        found = None
        if len(lines) != 1:
            raise _fault(environment, f'{what} gives no YAML', where, hint=form) from None
    if isinstance(found, dict):
        facts = cast('dict[str, object]', found)
        user, password = facts.get('user', source.user), facts.get('password')
        missing = [key for key, value in (('user', user), ('password', password)) if not value]
        if missing:
            raise _fault(environment, f'{what} has no {" and no ".join(missing)}', where, hint=form)
        return Account(user=str(user), password=str(password))
    if len(lines) == 1 and not isinstance(found, list):
        return Account(user=source.user, password=lines[0])
    raise _fault(environment, f'{what} gives no account', where, hint=form)


def _fault(environment: inventory.Environment, why: str, where: str, *, hint: str = '') -> errors.Fault:
    return errors.Fault(
        f'cannot get the account of controller "{environment.controller}": {why}',
        where=where,
        hint=hint or 'Mend the source, or "credentials" in the inventory.',
    )
