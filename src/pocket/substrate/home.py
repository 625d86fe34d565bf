"""What machines and pods of one home have on this host: a folder each, a record, groups, names."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from bedrock import errors
from pocket.settings import Settings
from pocket.substrate import HostSpec, Names, _netrules, cgroups, network, records
from pocket.substrate._addresses import Known
from pocket.substrate.records import Record


class Home:
    """The folders of one home, whoever made them."""

    def __init__(self, settings: Settings, *, note: Callable[[str], None]) -> None:
        self.machines = settings.home / 'm'
        self.layout = cgroups.here()
        self._tag = settings.tag
        self._note = note
        self._hosts: dict[str, Names] = {}

    def make(self) -> None:
        """Have the folder of all machines."""
        # Below it are files of machines, programs that run as root for everybody among them.
        self.machines.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.machines.chmod(0o700)

    def records(self) -> list[Record]:
        """The records of all that there are, damaged ones left out."""
        if not self.machines.is_dir():
            return []
        names = (entry.name for entry in sorted(self.machines.iterdir()) if not entry.name.startswith('.'))
        return [record for record in map(self.readable, names) if record is not None]

    def known(self) -> list[Known]:
        """Who has which address, as the network is told it."""
        return [
            Known(name=one.name, model=one.model_uuid, region=one.region, address=one.address)
            for one in self.records()
        ]

    def load(self, name: str) -> Record | None:
        """See `pocket.substrate.records.load`."""
        return records.load(self.folder(name))

    def readable(self, name: str) -> Record | None:
        """The record of *name*, but None when it is damaged: for what must not fail for one machine."""
        try:
            return self.load(name)
        except errors.Fault:
            return None

    def folder(self, name: str) -> Path:
        """Of one machine or pod."""
        return self.machines / name

    def scratch(self, name: str) -> Path:
        """What `pocket.substrate._booting.listening` is given."""
        return Path(f'/run/pocket-{self._tag}-{name}')

    def exec_record(self, name: str, key: str) -> Path:
        """Where a program that runs in *name* under *key* writes who it is."""
        digest = hashlib.sha256(key.encode()).hexdigest()[:16]
        return self.folder(name) / 'exec' / digest

    def place(self, name: str) -> str:
        """Where the control groups of one machine or pod are in each hierarchy."""
        return f'pocket/{self._tag}/{name}'

    def groups(self, spec: HostSpec, record: Record) -> tuple[Path, ...]:
        """Make the control groups for all of *spec*; limits that cannot be had are noted."""
        limits = cgroups.Limits(memory_mb=spec.memory_mb, cores=spec.cores)
        groups, refused = cgroups.create(self.layout, self.place(spec.name), limits, owner=record.users)
        if refused:
            self._note(f'{"machine" if spec.pod is None else "pod"} {spec.name}: {refused}')
        return groups

    def write_names(self, spec: HostSpec, record: Record, *, own: str) -> None:
        """Write the files by which names are resolved: they are mounted."""
        folder = self.folder(spec.name)
        (folder / 'resolv.conf').write_text(network.host_resolv_conf())
        _write_hosts(folder / 'hosts', {record.address: (own,), **self._hosts.get(spec.model_uuid, {})})
        for name in ('resolv.conf', 'hosts'):
            os.chown(folder / name, record.users, record.users)

    def rename(self, model_uuid: str, names: Names) -> None:
        """Write *names* for every machine and pod of a model, those to come included.

        Files are rewritten in place: machines have them mounted.
        """
        self._hosts[model_uuid] = names
        for record in self.records():
            if record.model_uuid == model_uuid:
                _write_hosts(self.folder(record.name) / 'hosts', names)


def _write_hosts(path: Path, names: Names) -> None:
    current = path.read_text() if path.exists() else ''
    wanted = _netrules.hosts_text(current, names)
    if wanted != current:
        path.write_text(wanted)
