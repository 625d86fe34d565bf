"""Machines and pods by systemd-nspawn: an overlay on a cached image, a first process, an own network.

On disk a machine is a folder under ``m/`` of the home: ``upper`` and ``work`` (its changes to the image),
``root`` (where only it sees the two together), ``run`` (sockets and tools that it may use, not change),
``storage`` (where its storage volumes are mounted), ``hosts`` and ``record.json``. In the kernel it is its
control groups: killing what is in them ends it.

A pod has the same for its charm's container. Its other containers are below ``w``, the folders that they
share with the charm's below ``pebbles``. Nothing that they change outlives them but what is in volumes.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import shutil
import signal
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from bedrock import errors
from pocket.model import Base
from pocket.model.cluster import ClusterAddresses, ClusterNetwork
from pocket.settings import Settings
from pocket.substrate import (
    Entrance,
    ExecResult,
    Filesystem,
    Host,
    HostSpec,
    Names,
    OnLine,
    _booting,
    _filesystems,
    _folders,
    _inside,
    _storage,
    _views,
    bases,
    cgroups,
    images,
    isolation,
    network,
    procs,
    ranges,
    records,
)
from pocket.substrate.home import Home
from pocket.substrate.pods import starting
from pocket.substrate.pods.pods import Pods
from pocket.substrate.records import Record

_BOOT_TIMEOUT_S = 90.0
_HALT_S = 30.0
_INSIDE_S = 60.0
_SWEEPERS = 8
"""How many machines are removed at once."""
_HALT_SIGNAL = signal.SIGRTMIN + 3
"""What makes systemd halt the machine that it is the first process of (systemd(1), "Signals")."""


class Nspawn:
    """The substrate of real machines. One instance per home at a time."""

    def __init__(self, settings: Settings, *, note: images.Note = lambda _: None) -> None:
        self._settings = settings
        self._note = note
        self._network = network.Network(settings)
        self._images = images.Images(settings)
        self._ranges = ranges.Ranges()
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._home = Home(settings, note=note)
        self._layout = self._home.layout
        self._storage = _storage.Storage(settings.home / 'storage', self._home, note=note)
        self._pods = Pods(
            settings,
            self._home,
            images=self._images,
            network=self._network,
            volumes=self._storage.folders,
            note=note,
        )

    async def boot(self, spec: HostSpec, *, note: images.Note = lambda _: None) -> Host:
        """See `Substrate.boot`. The first machine of a base may have to wait for its image to be built."""
        async with self._locks[spec.name]:
            record = self._home.load(spec.name)
            if record is not None and procs.alive(record.leader):
                return self._host(record)
            await self._stop(spec.name, record)
            image, differs = await self._image(spec.base, note)
            pod = None if spec.pod is None else await self._pods.plan(spec.pod, image, note)
            self._home.make()
            address = await self._network.allot(
                spec.name, model=spec.model_uuid, region=spec.region, known=self._home.known()
            )
            folder = self._home.folder(spec.name)
            if record is None:
                await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)  # made by half
                record = _folders.create(
                    spec,
                    settings=self._settings,
                    home=self._home,
                    claims=self._ranges,
                    image=image,
                    address=address,
                    note=differs,
                )
            # At each start: the first one may have been killed before it came to this.
            own = () if pod is None else (one.image for one in pod.workloads if one.image)
            for used in {record.image, *own}:
                self._images.use(used, f'{self._settings.tag}.{spec.name}', folder)
            try:
                if pod is not None:
                    return self._host(await self._pods.start(spec, dataclasses.replace(record, pod=pod)))
                return await self._start(spec, record)
            except BaseException:
                await asyncio.shield(self._stop(spec.name, self._home.load(spec.name)))
                raise

    async def running(self) -> Mapping[str, Host]:
        """See `Substrate.running`."""
        found = [record for record in self._home.records() if procs.alive(record.leader)]
        return {record.name: self._host(record) for record in found}

    async def remove(self, name: str) -> None:
        """See `Substrate.remove`."""
        async with self._locks[name]:
            folder = self._home.folder(name)
            record = self._home.readable(name)
            if record is not None and record.pod is not None:
                await starting.end(record.pod)  # what it wrote to volumes outlives it
            await self._stop(name, record)
            await asyncio.to_thread(_folders.remove, folder)
            self._ranges.release(folder)
            await self._network.release(name)
            cgroups.forget(self._layout, self._settings.tag)
        self._locks.pop(name, None)

    async def exec(
        self,
        name: str,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: str = '/',
        user: str = 'root',
        container: str = '',
        stdin: bytes | None = None,
        key: str = '',
        on_line: OnLine | None = None,
        timeout_s: float | None = None,
    ) -> ExecResult:
        """See `Substrate.exec`."""
        note = self._home.exec_record(name, key) if key else None
        if note is not None:
            note.parent.mkdir(exist_ok=True)
        target = _views.target(name, self._home.load(name), container, note)
        command = _inside.launcher(target, argv, cwd=cwd, user=user)
        try:
            return await _inside.run(
                command, env=env, stdin=stdin, on_line=on_line, timeout_s=timeout_s, owner=target.users
            )
        finally:
            if note is not None:
                note.unlink(missing_ok=True)

    async def entrance(
        self, name: str, argv: Sequence[str], *, cwd: str = '/', user: str = 'root', container: str = ''
    ) -> Entrance:
        """See `Substrate.entrance`."""
        target = _views.target(name, self._home.load(name), container, None)
        command = _inside.launcher(target, argv, cwd=cwd, user=user)
        return Entrance(command=tuple(command), leader_pid=target.leader_pid)

    async def kill_stale(self, name: str, key: str) -> None:
        """See `Substrate.kill_stale`."""
        note = self._home.exec_record(name, key)
        try:
            who, _ = procs.parse_stat(note.read_text())
        except (OSError, ValueError):
            return
        if not await procs.end_group(who):
            raise errors.Fault(f'cannot end what an earlier daemon left running in machine {name}')
        note.unlink(missing_ok=True)

    async def write_hosts(self, model_uuid: str, names: Names) -> None:
        """See `Substrate.write_hosts`."""
        self._home.rename(model_uuid, names)

    async def allow(self, pairs: Iterable[frozenset[str]]) -> None:
        """See `Substrate.allow`."""
        await self._network.allow(pairs)

    async def serve(self, networks: Sequence[ClusterNetwork]) -> Mapping[str, ClusterAddresses]:
        """See `Substrate.serve`."""
        self._home.make()
        return await self._network.serve(networks, known=self._home.known())

    async def reboot(self, name: str) -> None:
        """See `Substrate.reboot`."""
        record = self._home.load(name)
        if record is None or record.leader is None or not procs.alive(record.leader):
            return
        if record.pod is not None:
            # All of it alone: whoever waited for a workload's end must not start that again.
            async with self._locks[name]:
                current = self._home.load(name)
                if current is not None and current.pod is not None:
                    await starting.end(current.pod)
                    await self._stop(name, current)
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(record.leader.pid, _HALT_SIGNAL)
        await procs.wait_gone([record.leader.pid], timeout_s=_HALT_S)
        async with self._locks[name]:
            current = self._home.load(name)
            # Whoever waited for its end may have started it again by now.
            if current is not None and current.leader == record.leader:
                await self._stop(name, current)

    async def wait_ended(self, name: str) -> None:
        """See `Substrate.wait_ended`."""
        record = self._home.load(name)
        if record is not None and record.leader is not None and procs.alive(record.leader):
            await procs.wait_gone([record.leader.pid], timeout_s=None)

    async def wait_container_ended(self, name: str, *, but: Collection[str] = ()) -> str:
        """See `Substrate.wait_container_ended`."""
        return await self._pods.wait_container_ended(name, but=but)

    async def start_container(self, name: str, container: str) -> None:
        """See `Substrate.start_container`."""
        async with self._locks[name]:
            await self._pods.start_container(name, container)

    async def mount(self, name: str, filesystem: Filesystem) -> int:
        """See `Substrate.mount`."""
        async with self._locks[name]:
            record = self._home.load(name)
            if record is None or record.supervisor is None or not procs.alive(record.leader):
                raise errors.Fault(f'cannot mount storage on machine {name}: it does not run')
            return await self._storage.mount(
                record, record.supervisor.pid, filesystem, run=self._inside(name)
            )

    async def unmount(self, name: str, filesystem: Filesystem, *, destroy: bool) -> None:
        """See `Substrate.unmount`."""
        async with self._locks[name]:
            record = self._home.load(name)
            if record is not None and record.supervisor is not None and procs.alive(record.leader):
                await self._storage.unmount(
                    record, record.supervisor.pid, filesystem, destroy=destroy, run=self._inside(name)
                )

    async def delete_volume(self, key: str) -> None:
        """See `Substrate.delete_volume`."""
        await self._storage.delete(key)

    async def sweep_volumes(self, wanted: frozenset[str]) -> None:
        """Delete the volumes that are not *wanted*; one that is in use stays."""
        await self._storage.sweep(wanted)

    async def sweep(self, wanted: frozenset[str]) -> None:
        """Remove machines, and what a crash left of machines, that are not *wanted*."""
        known = (
            {entry.name for entry in self._home.machines.iterdir()}
            if self._home.machines.is_dir()
            else set[str]()
        )
        turns = asyncio.Semaphore(_SWEEPERS)

        async def remove(name: str) -> None:
            async with turns:
                await self.remove(name)

        # What cannot be removed keeps nobody from removing the rest.
        doomed = sorted((known | self._network.connected()) - wanted)
        done = await asyncio.gather(*(remove(name) for name in doomed), return_exceptions=True)
        await self._network.sweep(self._home.known())
        for failure in done:
            if isinstance(failure, BaseException):
                raise failure

    async def halt(self, *, timeout_s: float = _HALT_S) -> None:
        """Have every machine shut down in an orderly way, all at once; their folders stay, for `boot`."""
        records = [record for record in self._home.records() if record.leader is not None]
        leaders = [
            record.leader.pid
            for record in records
            if record.pod is None and record.leader and procs.alive(record.leader)
        ]
        for pid in leaders:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, _HALT_SIGNAL)
        pods = [record.pod for record in records if record.pod is not None]
        await asyncio.gather(
            procs.wait_gone(leaders, timeout_s=timeout_s),
            *(starting.end(pod, timeout_s=timeout_s) for pod in pods),
        )
        for record in records:
            async with self._locks[record.name]:
                await self._stop(record.name, record)

    async def destroy(self) -> None:
        """Remove every machine of this home and the network."""
        try:
            await self.sweep(frozenset())
        finally:
            await self._network.remove()
            self._ranges.release(self._home.machines)
            (self._settings.home / isolation.FILE).unlink(missing_ok=True)
            cgroups.forget(self._layout, self._settings.tag)

    async def _start(self, spec: HostSpec, record: Record) -> Host:
        folder = self._home.folder(spec.name)
        groups = self._home.groups(spec, record)
        # Kept before anything is in the groups: from now on a crash leaves nothing that cannot be found.
        record = dataclasses.replace(record, cgroups=tuple(map(str, groups)), supervisor=None, leader=None)
        records.save(folder, record)
        # Users of the machine's own have rights in a network that they made: the link comes to it.
        namespace = None if record.users else await self._network.connect(spec.name)
        if record.users:
            await self._network.disconnect(spec.name)
        self._home.write_names(spec, record, own=spec.name)

        async def connect(leader: int) -> None:
            await self._network.connect(spec.name, leader=leader)

        supervisor, leader = await _booting.start(
            _booting.Start(
                name=spec.name,
                folder=folder,
                scratch=self._home.scratch(spec.name),
                lower=self._images.tree(record.image),
                namespace=namespace,
                groups=groups,
                binds={'/etc/hosts': folder / 'hosts', '/etc/resolv.conf': folder / 'resolv.conf'},
                read_only={'/run/pocket': folder / 'run', _filesystems.SHARED: folder / 'storage'},
                users=record.users,
                mapped=frozenset({'/run/pocket'}),
            ),
            timeout_s=_BOOT_TIMEOUT_S,
            on_leader=connect if record.users else None,
        )
        record = dataclasses.replace(
            record, supervisor=procs.identify(supervisor), leader=procs.identify(leader)
        )
        records.save(folder, record)
        return self._host(record)

    async def _stop(self, name: str, record: Record | None) -> None:
        """End the machine or pod and remove what it has outside its folder, whatever of it there is."""
        if record is not None:
            workloads = record.pod.workloads if record.pod is not None else ()
            await asyncio.gather(*(_booting.end(one.supervisor, one.leader) for one in workloads))
            await _booting.end(record.supervisor, record.leader)
        groups = {Path(group) for group in record.cgroups} if record is not None else set[Path]()
        groups.update(cgroups.find(self._layout, f'pocket/{self._settings.tag}/{name}'))
        if not await cgroups.empty(groups):
            raise errors.Fault(f'cannot stop machine {name}: its processes do not end')
        procs.reap(record.supervisor if record is not None else None)
        for one in record.pod.workloads if record is not None and record.pod is not None else ():
            procs.reap(one.supervisor)
        for group in groups:
            cgroups.remove(group)
        _booting.forget(name, self._home.scratch(name))
        await self._network.disconnect(name)

    async def _image(self, base: Base, note: images.Note) -> tuple[images.Image, str]:
        def tell(message: str) -> None:
            self._note(message)
            note(message)

        return await bases.ensure(self._images, base, note=tell)

    def _host(self, record: Record) -> Host:
        return _views.host(record, self._home.folder(record.name))

    def _inside(self, name: str) -> _storage.Run:
        """Runs programs in a machine that do not take long."""
        env = {'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'LANG': 'C.UTF-8'}
        return lambda argv: self.exec(name, argv, env=env, timeout_s=_INSIDE_S)
