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
import hashlib
import os
import shutil
import signal
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from bedrock import errors
from pocket.model import Base
from pocket.model.cluster import ClusterAddresses, ClusterNetwork
from pocket.model.pods import OciReference, PodSpec
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
    _inside,
    _netrules,
    _seeds,
    bases,
    cgroups,
    images,
    isolation,
    network,
    procs,
    ranges,
    records,
)
from pocket.substrate._addresses import Known
from pocket.substrate.pods import containers, ociimages, pebbles, planning, starting, volumes
from pocket.substrate.pods.tasks import together
from pocket.substrate.records import Pod, Record, Workload

_BOOT_TIMEOUT_S = 90.0
_HALT_S = 30.0
_INSIDE_S = 60.0
_SWEEPERS = 8
"""How many machines are removed at once."""
_HALT_SIGNAL = signal.SIGRTMIN + 3
"""What makes systemd halt the machine that it is the first process of (systemd(1), "Signals")."""
_SHARED_USERS = 'the containers of pods share the users of the host'
_HOST_BOOT = Path('/proc/sys/kernel/random/boot_id').read_text().strip()


class Nspawn:
    """The substrate of real machines. One instance per home at a time."""

    def __init__(self, settings: Settings, *, note: images.Note = lambda _: None) -> None:
        self._settings = settings
        self._machines = settings.home / 'm'
        self._note = note
        self._network = network.Network(settings)
        self._images = images.Images(settings)
        self._ranges = ranges.Ranges()
        self._volumes = _filesystems.Images(settings.home / 'storage')
        self._folders = volumes.Folders(settings.home / 'storage')
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._layout = cgroups.here()
        self._hosts: dict[str, Names] = {}
        self._pebble: Path | None = None

    async def boot(self, spec: HostSpec, *, note: images.Note = lambda _: None) -> Host:
        """See `Substrate.boot`. The first machine of a base may have to wait for its image to be built."""
        async with self._locks[spec.name]:
            record = self._load(spec.name)
            if record is not None and procs.alive(record.leader):
                return self._host(record)
            await self._stop(spec.name, record)
            image, differs = await self._image(spec.base, note)
            pod = None if spec.pod is None else await self._plan(spec.pod, image, note)
            self._make_home()
            address = await self._network.allot(
                spec.name, model=spec.model_uuid, region=spec.region, known=self._known()
            )
            folder = self._folder(spec.name)
            if record is None:
                await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)  # made by half
                record = self._create(spec, image=image, address=address, note=differs)
            # At each start: the first one may have been killed before it came to this.
            own = () if pod is None else (one.image for one in pod.workloads if one.image)
            for used in {record.image, *own}:
                self._images.use(used, f'{self._settings.tag}.{spec.name}', folder)
            try:
                if pod is not None:
                    return await self._start_pod(spec, dataclasses.replace(record, pod=pod))
                return await self._start(spec, record)
            except BaseException:
                await asyncio.shield(self._stop(spec.name, self._load(spec.name)))
                raise

    async def running(self) -> Mapping[str, Host]:
        """See `Substrate.running`."""
        found = [record for record in self._records() if procs.alive(record.leader)]
        return {record.name: self._host(record) for record in found}

    async def remove(self, name: str) -> None:
        """See `Substrate.remove`."""
        async with self._locks[name]:
            folder = self._folder(name)
            record = self._readable(name)
            if record is not None and record.pod is not None:
                await starting.end(record.pod)  # what it wrote to volumes outlives it
            await self._stop(name, record)
            await asyncio.to_thread(_delete, folder)
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
        note = self._exec_record(name, key) if key else None
        if note is not None:
            note.parent.mkdir(exist_ok=True)
        target = self._target(name, container, note)
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
        target = self._target(name, container, None)
        command = _inside.launcher(target, argv, cwd=cwd, user=user)
        return Entrance(command=tuple(command), leader_pid=target.leader_pid)

    async def kill_stale(self, name: str, key: str) -> None:
        """See `Substrate.kill_stale`."""
        note = self._exec_record(name, key)
        try:
            who, _ = procs.parse_stat(note.read_text())
        except (OSError, ValueError):
            return
        if not await procs.end_group(who):
            raise errors.Fault(f'cannot end what an earlier daemon left running in machine {name}')
        note.unlink(missing_ok=True)

    async def write_hosts(self, model_uuid: str, names: Names) -> None:
        """See `Substrate.write_hosts`. Files are rewritten in place: machines have them mounted."""
        self._hosts[model_uuid] = names
        for record in self._records():
            if record.model_uuid == model_uuid:
                _write_hosts(self._folder(record.name) / 'hosts', names)

    async def allow(self, pairs: Iterable[frozenset[str]]) -> None:
        """See `Substrate.allow`."""
        await self._network.allow(pairs)

    async def serve(self, networks: Sequence[ClusterNetwork]) -> Mapping[str, ClusterAddresses]:
        """See `Substrate.serve`."""
        self._make_home()
        return await self._network.serve(networks, known=self._known())

    async def reboot(self, name: str) -> None:
        """See `Substrate.reboot`."""
        record = self._load(name)
        if record is None or record.leader is None or not procs.alive(record.leader):
            return
        if record.pod is not None:
            await self._reboot_pod(name)
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(record.leader.pid, _HALT_SIGNAL)
        await procs.wait_gone([record.leader.pid], timeout_s=_HALT_S)
        async with self._locks[name]:
            current = self._load(name)
            # Whoever waited for its end may have started it again by now.
            if current is not None and current.leader == record.leader:
                await self._stop(name, current)

    async def wait_ended(self, name: str) -> None:
        """See `Substrate.wait_ended`."""
        record = self._load(name)
        if record is not None and record.leader is not None and procs.alive(record.leader):
            await procs.wait_gone([record.leader.pid], timeout_s=None)

    async def wait_container_ended(self, name: str) -> str:
        """See `Substrate.wait_container_ended`."""
        record = self._load(name)
        if record is None or record.pod is None or record.leader is None:
            raise errors.Fault(f'cannot wait for a container of {name}: there is no such pod')
        for one in record.pod.workloads:
            if not procs.alive(one.leader):
                return one.name
        waits = {
            asyncio.ensure_future(procs.wait_gone([one.leader.pid], timeout_s=None)): one.name
            for one in record.pod.workloads
            if one.leader is not None
        }
        waits[asyncio.ensure_future(procs.wait_gone([record.leader.pid], timeout_s=None))] = ''
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
        ended = next((waits[one] for one in done if waits[one]), '')
        if not ended:
            raise errors.Fault(f'cannot wait for a container of {name}: the pod has ended')
        return ended

    async def start_container(self, name: str, container: str) -> None:
        """See `Substrate.start_container`."""
        async with self._locks[name]:
            record = self._load(name)
            if record is None or record.pod is None or not procs.alive(record.leader):
                raise errors.Fault(f'cannot start container {container} of pod {name}: the pod does not run')
            workload = record.pod.workload(container)
            if workload is None:
                raise errors.Fault(f'cannot start container {container} of pod {name}: it has no such one')
            if procs.alive(workload.leader):
                return
            assert record.leader is not None
            await self._stop_workload(name, workload)
            site = await self._site(name, Path(record.pod.namespace))
            try:
                started = await site.start_workload(record.pod, workload, join=record.leader.pid)
            except BaseException:
                await asyncio.shield(self._stop_workload(name, workload))
                raise
            workloads = tuple(started if one.name == container else one for one in record.pod.workloads)
            pod = dataclasses.replace(record.pod, workloads=workloads)
            records.save(self._folder(name), dataclasses.replace(record, pod=pod))

    async def mount(self, name: str, filesystem: Filesystem) -> int:
        """See `Substrate.mount`."""
        async with self._locks[name]:
            record = self._load(name)
            if record is None or record.supervisor is None or not procs.alive(record.leader):
                raise errors.Fault(f'cannot mount storage on machine {name}: it does not run')
            if record.pod is not None:
                # It was mounted when the pod started, if it belongs to it.
                self._folders.ensure(filesystem.key)
                return filesystem.size_mib
            if filesystem.provider == 'loop':
                image = await self._volumes.make(filesystem.key, size_mib=filesystem.size_mib)
                shift = (
                    _filesystems.Shift(users=record.users, plain=self._folder(name) / 'plain')
                    if record.users
                    else None
                )
                await _filesystems.mount_image(
                    record.supervisor.pid, image, self._shared(name, filesystem), shift=shift
                )
            done = await self._inside(name, _filesystems.mount_command(filesystem))
            return _filesystems.judge(filesystem, done)

    async def unmount(self, name: str, filesystem: Filesystem, *, destroy: bool) -> None:
        """See `Substrate.unmount`."""
        async with self._locks[name]:
            record = self._load(name)
            if record is None or record.supervisor is None or not procs.alive(record.leader):
                return
            if record.pod is not None:
                return  # it goes with the containers that have it
            done = await self._inside(name, _filesystems.unmount_command(filesystem, destroy=destroy))
            if done.returncode != 0:
                said = done.stderr.decode(errors='replace').strip()
                raise errors.Fault(f'cannot unmount "{filesystem.mount_point}" on machine {name}: {said}')
            if filesystem.provider == 'loop':
                await _filesystems.unmount_image(record.supervisor.pid, self._shared(name, filesystem))

    async def delete_volume(self, key: str) -> None:
        """See `Substrate.delete_volume`."""
        await self._delete_volume(key)

    async def sweep_volumes(self, wanted: frozenset[str]) -> None:
        """Delete the volumes that are not *wanted*; one that is in use stays."""
        for key in sorted((self._volumes.keys() | self._folders.keys()) - wanted):
            try:
                await self._delete_volume(key)
            except errors.Fault as err:
                self._note(f'storage volume {key}: {err.message}')

    async def sweep(self, wanted: frozenset[str]) -> None:
        """Remove machines, and what a crash left of machines, that are not *wanted*."""
        known = {entry.name for entry in self._machines.iterdir()} if self._machines.is_dir() else set[str]()
        turns = asyncio.Semaphore(_SWEEPERS)

        async def remove(name: str) -> None:
            async with turns:
                await self.remove(name)

        # What cannot be removed keeps nobody from removing the rest.
        doomed = sorted((known | self._network.connected()) - wanted)
        done = await asyncio.gather(*(remove(name) for name in doomed), return_exceptions=True)
        await self._network.sweep(self._known())
        for failure in done:
            if isinstance(failure, BaseException):
                raise failure

    async def halt(self, *, timeout_s: float = _HALT_S) -> None:
        """Have every machine shut down in an orderly way, all at once; their folders stay, for `boot`."""
        records = [record for record in self._records() if record.leader is not None]
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
            self._ranges.release(self._machines)
            (self._settings.home / isolation.FILE).unlink(missing_ok=True)
            cgroups.forget(self._layout, self._settings.tag)

    async def _start(self, spec: HostSpec, record: Record) -> Host:
        folder = self._folder(spec.name)
        groups = self._groups(spec, record)
        # Kept before anything is in the groups: from now on a crash leaves nothing that cannot be found.
        record = dataclasses.replace(record, cgroups=tuple(map(str, groups)), supervisor=None, leader=None)
        records.save(folder, record)
        # Users of the machine's own have rights in a network that they made: the link comes to it.
        namespace = None if record.users else await self._network.connect(spec.name)
        if record.users:
            await self._network.disconnect(spec.name)
        self._write_names(spec, record, own=spec.name)

        async def connect(leader: int) -> None:
            await self._network.connect(spec.name, leader=leader)

        supervisor, leader = await _booting.start(
            _booting.Start(
                name=spec.name,
                folder=folder,
                scratch=self._scratch(spec.name),
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

    async def _start_pod(self, spec: HostSpec, record: Record) -> Host:
        folder, pod = self._folder(spec.name), record.pod
        assert pod is not None
        groups = self._groups(spec, record)
        own = cgroups.below(self._layout, groups, 'charm')
        workloads = tuple(
            dataclasses.replace(one, groups=_paths(cgroups.below(self._layout, groups, _group_of(one.name))))
            for one in pod.workloads
        )
        pod = dataclasses.replace(pod, groups=_paths(own), workloads=workloads)
        record = dataclasses.replace(record, cgroups=_paths(groups), supervisor=None, leader=None, pod=pod)
        records.save(folder, record)
        namespace = await self._network.connect(spec.name)
        pod = dataclasses.replace(pod, namespace=str(namespace))
        self._write_names(spec, record, own=pod.hostname)
        site = await self._site(spec.name, namespace)
        (supervisor, leader), _ = await asyncio.gather(
            site.start_charm(pod, self._images.tree(record.image)), starting.open_ports(namespace)
        )
        started = await together([site.start_workload(pod, one, join=leader) for one in pod.workloads])
        # Only now: a pod that has a first process is whole, whenever we may have been killed.
        record = dataclasses.replace(
            record,
            supervisor=procs.identify(supervisor),
            leader=procs.identify(leader),
            pod=dataclasses.replace(pod, workloads=tuple(started)),
        )
        records.save(folder, record)
        return self._host(record)

    async def _reboot_pod(self, name: str) -> None:
        # All of it alone: whoever waited for a workload's end must not start that again.
        async with self._locks[name]:
            record = self._load(name)
            if record is not None and record.pod is not None:
                await starting.end(record.pod)
                await self._stop(name, record)

    async def _plan(self, spec: PodSpec, image: images.Image, note: images.Note) -> Pod:
        def tell(message: str) -> None:
            self._note(message)
            note(message)

        pod, _ = await asyncio.gather(
            planning.plan(spec, base=image.tree, unpack=self._unpack, note=tell), self._ensure_pebble(tell)
        )
        return pod

    async def _ensure_pebble(self, note: images.Note) -> Path:
        if self._pebble is None or not self._pebble.is_file():
            self._pebble = await pebbles.ensure(self._settings.cache, note=note)
        return self._pebble

    async def _site(self, name: str, namespace: Path) -> starting.Site:
        return starting.Site(
            name=name,
            folder=self._folder(name),
            scratch=self._scratch(name),
            namespace=namespace,
            pebble=await self._ensure_pebble(self._note),
            volumes=self._folders,
            timeout_s=_BOOT_TIMEOUT_S,
        )

    async def _stop_workload(self, name: str, workload: Workload) -> None:
        """End what is left of a workload's container, which leaves the rest of its pod alone."""
        await _booting.end(workload.supervisor, workload.leader)
        groups = (Path(group) for group in workload.groups)
        if not await cgroups.empty(group for group in groups if group.name == _group_of(workload.name)):
            raise errors.Fault(
                f'cannot stop container {workload.name} of pod {name}: its processes do not end'
            )
        procs.reap(workload.supervisor)
        part = containers.part(name, workload.name)
        _booting.forget(part, self._scratch(part))

    async def _delete_volume(self, key: str) -> None:
        for record in self._records():
            if record.pod is not None and procs.alive(record.leader) and key in record.pod.volumes():
                raise errors.Fault(f'cannot delete storage volume {key}: pod {record.name} still has it')
        await self._folders.delete(key)
        await self._volumes.delete(key)

    def _groups(self, spec: HostSpec, record: Record) -> tuple[Path, ...]:
        limits = cgroups.Limits(memory_mb=spec.memory_mb, cores=spec.cores)
        place = f'pocket/{self._settings.tag}/{spec.name}'
        groups, refused = cgroups.create(self._layout, place, limits, owner=record.users)
        if refused:
            self._note(f'{"machine" if spec.pod is None else "pod"} {spec.name}: {refused}')
        return groups

    def _write_names(self, spec: HostSpec, record: Record, *, own: str) -> None:
        """Write the files by which names are resolved: they are mounted."""
        folder = self._folder(spec.name)
        (folder / 'resolv.conf').write_text(network.host_resolv_conf())
        _write_hosts(folder / 'hosts', {record.address: (own,), **self._hosts.get(spec.model_uuid, {})})
        for name in ('resolv.conf', 'hosts'):
            os.chown(folder / name, record.users, record.users)

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
        _booting.forget(name, self._scratch(name))
        await self._network.disconnect(name)

    async def _image(self, base: Base, note: images.Note) -> tuple[images.Image, str]:
        def tell(message: str) -> None:
            self._note(message)
            note(message)

        return await bases.ensure(self._images, base, note=tell)

    async def _unpack(self, reference: OciReference, note: images.Note) -> ociimages.OciImage:
        return await ociimages.ensure(self._images, reference, note=note)

    def _make_home(self) -> None:
        # Below it are files of machines, programs that run as root for everybody among them.
        self._machines.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._machines.chmod(0o700)

    def _create(self, spec: HostSpec, *, image: images.Image, address: str, note: str) -> Record:
        """Make the folder of a new machine; it exists under its name only when it is complete."""
        folder = self._folder(spec.name)
        held = isolation.here(self._settings, self._layout)
        held.require(spec.name)
        if spec.pod is not None and held.kind == 'users':
            if self._settings.isolation == 'users':
                raise errors.Fault(
                    f'cannot make pod {spec.name} with users of its own: its containers share a network',
                    hint=isolation.HINT,
                )
            note = '; '.join(filter(None, (note, _SHARED_USERS)))
            held = dataclasses.replace(held, kind='capabilities')
        claim = self._ranges.claim(folder) if held.kind == 'users' else contextlib.nullcontext(0)
        with claim as users:
            return self._fill(folder, spec, image=image, address=address, note=note, users=users)

    def _fill(
        self, folder: Path, spec: HostSpec, *, image: images.Image, address: str, note: str, users: int
    ) -> Record:
        part = folder.with_name(f'.{spec.name}.new')
        shutil.rmtree(part, ignore_errors=True)
        for name in ('upper', 'work', 'root', 'lower', 'run'):
            (part / name).mkdir(parents=True)
        for name in ('upper', 'root', 'run'):
            (part / name).chmod(0o755)  # whatever our umask is
        # A pod's containers get files of their own at each start.
        keys = () if spec.pod is not None else (_seeds.sow(part / 'upper', spec, users=users),)
        record = Record(
            name=spec.name,
            model_uuid=spec.model_uuid,
            region=spec.region,
            image=image.id,
            address=address,
            ssh_host_keys=keys,
            users=users,
            note=note,
        )
        records.save(part, record)
        part.rename(folder)
        return record

    def _host(self, record: Record) -> Host:
        assert record.leader is not None
        return Host(
            name=record.name,
            address=record.address,
            leader_pid=record.leader.pid,
            run_dir=self._folder(record.name) / 'run',
            ssh_host_keys=record.ssh_host_keys,
            boot_id=f'{_HOST_BOOT}-{record.leader.pid}-{record.leader.start}',
            isolation='users' if record.users else 'capabilities',
            note=record.note,
            pebbles={}
            if record.pod is None
            else {
                one.name: containers.shared(self._folder(record.name), one.name) / containers.SOCKET
                for one in record.pod.workloads
            },
        )

    def _target(self, name: str, container: str, note: Path | None) -> _inside.Target:
        """What programs are started in; *note* is where one writes who it is."""
        record = self._load(name)
        if record is None or record.leader is None or not procs.alive(record.leader):
            kind = 'machine' if record is None or record.pod is None else 'pod'
            raise errors.Fault(f'cannot run a program in {kind} {name}: it does not run')
        leader, places = record.leader, record.cgroups
        if record.pod is not None:
            leader, places = _in_container(record, record.leader, record.pod, container)
        return _inside.Target(
            leader_pid=leader.pid,
            groups=tuple(cgroups.exec_group(Path(group)) for group in places),
            bounding=_inside.bounding_set(leader.pid),
            users=record.users,
            record=note,
            is_container=record.pod is not None,
        )

    async def _inside(self, name: str, argv: Sequence[str]) -> ExecResult:
        env = {'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'LANG': 'C.UTF-8'}
        return await self.exec(name, argv, env=env, timeout_s=_INSIDE_S)

    def _shared(self, name: str, filesystem: Filesystem) -> Path:
        return self._folder(name) / 'storage' / filesystem.key

    def _records(self) -> list[Record]:
        if not self._machines.is_dir():
            return []
        names = (entry.name for entry in sorted(self._machines.iterdir()) if not entry.name.startswith('.'))
        return [record for record in map(self._readable, names) if record is not None]

    def _known(self) -> list[Known]:
        return [
            Known(name=one.name, model=one.model_uuid, region=one.region, address=one.address)
            for one in self._records()
        ]

    def _load(self, name: str) -> Record | None:
        return records.load(self._folder(name))

    def _readable(self, name: str) -> Record | None:
        """The record of *name*, but None when it is damaged: for what must not fail for one machine."""
        try:
            return self._load(name)
        except errors.Fault:
            return None

    def _folder(self, name: str) -> Path:
        return self._machines / name

    def _scratch(self, name: str) -> Path:
        return Path(f'/run/pocket-{self._settings.tag}-{name}')

    def _exec_record(self, name: str, key: str) -> Path:
        digest = hashlib.sha256(key.encode()).hexdigest()[:16]
        return self._folder(name) / 'exec' / digest


def _in_container(
    record: Record, leader: procs.ProcessId, pod: Pod, container: str
) -> tuple[procs.ProcessId, tuple[str, ...]]:
    """The first process and the groups of a container of a pod that runs; without a name, of the charm's."""
    if not container:
        return leader, pod.groups
    workload = pod.workload(container)
    if workload is None:
        raise errors.Fault(
            f'cannot run a program in container {container} of pod {record.name}: there is none'
        )
    if workload.leader is None or not procs.alive(workload.leader):
        raise errors.Fault(
            f'cannot run a program in container {container} of pod {record.name}: it does not run'
        )
    return workload.leader, workload.groups


def _group_of(workload: str) -> str:
    """What the group of a workload's container is called, where it has one of its own."""
    return f'w-{workload}'


def _paths(groups: Iterable[Path]) -> tuple[str, ...]:
    return tuple(map(str, groups))


def _write_hosts(path: Path, names: Names) -> None:
    current = path.read_text() if path.exists() else ''
    wanted = _netrules.hosts_text(current, names)
    if wanted != current:
        path.write_text(wanted)


def _delete(folder: Path) -> None:
    """Remove *folder*; should this be interrupted, what is left has no record and counts as made by half."""
    (folder / records.FILE).unlink(missing_ok=True)
    if folder.exists():
        shutil.rmtree(folder)
