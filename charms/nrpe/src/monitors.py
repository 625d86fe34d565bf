"""Monitors: what principals and operators want watched, in the YAML form of the nrpe relations; pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import checks
import yaml

VERSION = '0.3'

_NAME = re.compile(r'[\w.:-]+', re.ASCII)

Remote = Mapping[str, Mapping[str, Any]]


class MonitorsFault(ValueError):
    """Somebody's monitors are wrong; the message says whose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitors:
    """One author's monitors: what Nagios asks over the network, and checks for the agent here."""

    remote: Remote = field(default_factory=dict[str, Mapping[str, Any]])
    local: tuple[checks.Check, ...] = ()


def read(text: str, *, author: str, source: str) -> Monitors:
    """Read monitors from YAML.

    Args:
        author: Who wrote it, for messages.
        source: ``principal`` or ``user``: it becomes part of the names of local checks.

    Raises:
        MonitorsFault: the text cannot be understood.
    """
    try:
        loaded: object = yaml.safe_load(text)
    except yaml.YAMLError as err:
        raise MonitorsFault(f'{author}: monitors are not valid YAML') from err
    if loaded is None:
        return Monitors()
    kinds = _mapping(_mapping(loaded, author).get('monitors') or {}, author)
    remote = {
        kind: _mapping(entries or {}, author)
        for kind, entries in _mapping(kinds.get('remote') or {}, author).items()
    }
    for name in remote.get('nrpe', {}):
        _checked(name, author)
    local = [
        _local(kind, _mapping(entry or {}, author), source, author)
        for kind, entries in _mapping(kinds.get('local') or {}, author).items()
        for entry in _mapping(entries or {}, author).values()
    ]
    return Monitors(remote=remote, local=tuple(local))


def merge(parts: Iterable[Monitors], own: Sequence[checks.Check]) -> str:
    """Return the YAML for Nagios of all *parts* and the *own* checks; of one name, the last counts."""
    remote: dict[str, dict[str, Any]] = {'nrpe': {}}
    for check in own:
        remote['nrpe'][check.name] = {'command': check.name}
    for part in parts:
        for kind, entries in part.remote.items():
            remote.setdefault(kind, {}).update(entries)
        for check in part.local:
            remote['nrpe'][check.name] = {'command': check.name}
    return yaml.safe_dump({'version': VERSION, 'monitors': {'remote': remote}}, sort_keys=True)


def _local(kind: str, entry: Mapping[str, Any], source: str, author: str) -> checks.Check:
    make = _KINDS.get(kind)
    if make is None:
        raise MonitorsFault(f'{author}: unknown kind of local monitor "{kind}"')
    try:
        made = make(entry)
    except KeyError as err:
        raise MonitorsFault(f'{author}: local monitor "{kind}" has no {err.args[0]}') from err
    name = f'{made.name}_{source}'
    if '\n' in made.command:
        raise MonitorsFault(f'{author}: the command of "{name}" is more than one line')
    description = f'{" ".join(made.description.split())} ({source})'
    return checks.Check(name=_checked(name, author), description=description, command=made.command)


def _process_runs(entry: Mapping[str, Any]) -> checks.Check:
    executable = str(entry['executable'])
    limits = f'-c {int(entry.get("min", 1))}:{int(entry["max"]) if "max" in entry else ""}'
    return checks.Check(
        name=f'check_proc_{executable}',
        description=f'Check process {executable} is running',
        command=f'{checks.PACKAGED}/check_procs {limits} -C {shlex.quote(executable)}',
    )


def _process_count(entry: Mapping[str, Any]) -> checks.Check:
    limits = f'-c {int(entry["max"])}'
    if 'min' in entry:
        limits = f'-w {int(entry["min"])} {limits}'
    return checks.Check(
        name='check_proc_principal',
        description='Check process count',
        command=f'{checks.PACKAGED}/check_procs {limits}',
    )


def _disk(entry: Mapping[str, Any]) -> checks.Check:
    path = str(entry['path'])
    return checks.Check(
        name='check_disk_principal',
        description=f'Check disk usage {path.replace("/", "_")}',
        command=f'{checks.PACKAGED}/check_disk -w 20 -c 10 -p {shlex.quote(path)}',
    )


def _custom(entry: Mapping[str, Any]) -> checks.Check:
    check = str(entry['check'])
    folder = '/' + str(entry.get('plugin_path') or checks.PACKAGED).strip('/')
    arguments = str(entry.get('params') or '').strip()
    return checks.Check(
        name=check,
        description=str(entry.get('desc') or f'Check {check}'),
        command=f'{folder}/{check} {arguments}'.strip(),
    )


_KINDS: Mapping[str, Callable[[Mapping[str, Any]], checks.Check]] = {
    'procrunning': _process_runs,
    'processcount': _process_count,
    'disk': _disk,
    'custom': _custom,
}


def _checked(name: str, author: str) -> str:
    if not _NAME.fullmatch(name):
        raise MonitorsFault(f'{author}: "{name}" is no name of a check')
    return name


def _mapping(value: object, author: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise MonitorsFault(f'{author}: monitors are not a mapping of mappings')
    return {str(key): entry for key, entry in cast('dict[object, Any]', value).items()}
