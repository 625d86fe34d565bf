"""Environments as rows, for people and programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from bedrock import errors
from hoodoo import wording
from hoodoo.inventory import filling, reading, schema
from hoodoo.inventory.environment import Credentials, Environment, Kind
from hoodoo.inventory.state import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One value of an environment, and where it comes from."""

    key: str
    value: str
    where: str
    """``file:line``, or ``default``."""


def row(environment: Environment, state: State | None) -> dict[str, Any]:
    """All of *environment*, and what was last seen of it."""
    state = state or State()
    one = environment
    return {
        **{key: getattr(one, key) for key in ('name', 'service', 'cloud', 'region', 'stage', 'controller')},
        **{key: getattr(one, key) for key in ('model', 'spec', 'revision', 'production')},
        'labels': dict(one.labels),
        'owners': list(one.owners),
        'runbook': one.runbook,
        'dns': list(one.dns),
        'credentials': credentials(one.credentials),
        'read_credentials': credentials(one.read_credentials or Credentials()),
        'file': str(one.place.file),
        'line': one.place.line,
        'health': state.health.value,
        'why': state.why,
        **{key: getattr(state, key) for key in ('applications', 'units', 'machines', 'seen_ms', 'drift')},
        **{key: getattr(state, key) for key in ('drift_ms', 'run', 'run_outcome', 'run_ms')},
        'deployed_revision': state.revision,
    }


def credentials(found: Credentials) -> dict[str, Any]:
    """A source of an account as the inventory says it; empty for the Juju client's own files."""
    match found.kind:
        case Kind.CLIENT:
            return {}
        case Kind.FILE:
            return {'file': found.path}
        case Kind.COMMAND:
            return {'command': list(found.command)}
        case Kind.KEYRING:
            return {'keyring': found.service, **({'user': found.user} if found.user else {})}


def check_columns(columns: Sequence[str], environments: Sequence[Environment]) -> None:
    """See that *columns* are there.

    Raises:
        UsageFault: there is no such column.
    """
    labels = {label for one in environments for label in one.labels}
    known = [*row(environments[0], None), *labels] if environments else columns
    for column in columns:
        if column not in known:
            hint = f'{wording.guess(column, known)} Columns: {", ".join(known)}.'.strip()
            raise errors.UsageFault(f'cannot show column "{column}": there is no such column', hint=hint)


def cell(found: dict[str, Any], column: str) -> str:
    """One cell of a table."""
    return shown(found[column]) if column in found else str(found['labels'].get(column, ''))


def shown(value: object) -> str:
    """A value in one line."""
    if value is None:
        return ''
    if isinstance(value, bool):
        return 'yes' if value else 'no'
    if isinstance(value, dict):
        return ', '.join(f'{key}={shown(one)}' for key, one in cast('dict[str, object]', value).items())
    if isinstance(value, list):
        return ', '.join(str(one) for one in cast('list[object]', value))
    return str(value)


def origins(entry: reading.Entry, folder: Path) -> Iterator[Said]:
    """Each value of an environment, and which line of the inventory says so."""
    values = row(entry.environment, None)
    for key in schema.fields():
        for label, text in entry.environment.labels.items() if key == 'labels' else ():
            yield Said(key=f'labels.{label}', value=text, where=_where(entry, folder, key, label))
        if key != 'labels':
            yield Said(key=key, value=shown(values[key]), where=_where(entry, folder, key))


def _where(entry: reading.Entry, folder: Path, key: str, label: str = '') -> str:
    found = entry.draft.said(key, label)
    if found is None:
        return f'default {filling.default(key)}'.rstrip()
    file, line = found
    return f'{file.relative_to(folder) if file.is_relative_to(folder) else file}:{line}'
