"""What is kept on disk of each machine, so that the next daemon finds it: one JSON file, replaced whole."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from bedrock import errors
from pocket.substrate.procs import ProcessId

FILE = 'record.json'


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A workload container of a pod: all that it can be started again with, and what runs of it."""

    name: str
    image: str
    """Empty: it stands on that of the charm's container."""
    lower: str
    """The file tree that it changes nothing of."""
    env: Mapping[str, str]
    cwd: str
    mounts: Mapping[str, str]
    """Path in it -> key of a volume."""
    uid: int
    gid: int
    groups: tuple[str, ...] = ()
    supervisor: ProcessId | None = None
    leader: ProcessId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """What a pod has more than a machine; the record's own processes are those of the charm's container."""

    hostname: str
    mounts: Mapping[str, str]
    workloads: tuple[Workload, ...]
    groups: tuple[str, ...] = ()
    """Of the charm's container."""
    namespace: str = ''
    """The network that all of it is in, as a file."""

    def volumes(self) -> frozenset[str]:
        """The keys of the volumes that it has."""
        of_all = (self.mounts, *(one.mounts for one in self.workloads))
        return frozenset(key for mounts in of_all for key in mounts.values())

    def workload(self, name: str) -> Workload | None:
        """The container of that name."""
        return next((one for one in self.workloads if one.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A machine that was prepared; with processes once it was started."""

    name: str
    model_uuid: str
    image: str
    address: str
    region: str = ''
    """Whose pool of addresses its model's is of."""
    ssh_host_keys: tuple[str, ...] = ()
    users: int = 0
    """The user of the host that root of the machine is; 0: the host's root, with fewer rights."""
    note: str = ''
    """See `pocket.substrate.Host.note`."""
    cgroups: tuple[str, ...] = ()
    """Every group made for the machine, in every hierarchy."""
    supervisor: ProcessId | None = None
    leader: ProcessId | None = None
    pod: Pod | None = None
    """If it is one."""


def load(folder: Path) -> Record | None:
    """The record in *folder*; None when there is none.

    Raises:
        Fault: it cannot be understood.
    """
    path = folder / FILE
    try:
        text = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        loaded: object = json.loads(text)
        return _record(cast('dict[str, Any]', loaded))
    except (ValueError, LookupError, TypeError, AttributeError) as err:
        raise errors.Fault(
            f'cannot read {path}: it is damaged', hint='Remove the machine and add another.'
        ) from err


def _record(raw: dict[str, Any]) -> Record:
    return Record(
        name=raw['name'],
        note=str(raw.get('note', '')),
        users=int(raw.get('users', 0)),
        model_uuid=raw['model_uuid'],
        region=str(raw.get('region', '')),
        image=raw['image'],
        address=raw['address'],
        ssh_host_keys=tuple(raw['ssh_host_keys']),
        cgroups=tuple(raw['cgroups']),
        supervisor=_process(raw['supervisor']),
        leader=_process(raw['leader']),
        pod=None if raw.get('pod') is None else _pod(raw['pod']),
    )


def _pod(raw: dict[str, Any]) -> Pod:
    return Pod(
        hostname=raw['hostname'],
        mounts=dict(raw['mounts']),
        workloads=tuple(map(_workload, raw['workloads'])),
        groups=tuple(raw['groups']),
        namespace=raw['namespace'],
    )


def _workload(raw: dict[str, Any]) -> Workload:
    return Workload(
        name=raw['name'],
        image=raw['image'],
        lower=raw['lower'],
        env=dict(raw['env']),
        cwd=raw['cwd'],
        mounts=dict(raw['mounts']),
        uid=int(raw['uid']),
        gid=int(raw['gid']),
        groups=tuple(raw['groups']),
        supervisor=_process(raw['supervisor']),
        leader=_process(raw['leader']),
    )


def save(folder: Path, record: Record) -> None:
    """Keep *record* in *folder*."""
    write_whole(folder / FILE, json.dumps(dataclasses.asdict(record), indent=1))


def write_whole(path: Path, text: str) -> None:
    """Replace *path*: a reader, also one after a crash, sees the old text or the new."""
    part = path.with_name(f'.{path.name}.new')
    part.write_text(text)
    os.replace(part, path)


def _process(raw: dict[str, int] | None) -> ProcessId | None:
    return None if raw is None else ProcessId(pid=raw['pid'], start=raw['start'])
