"""The pods of one home: planned, started, and their containers looked after one by one.

Whoever calls holds the pod's lock, where what is called changes it.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from bedrock import errors
from pocket.model.pods import UNLIMITED, ContainerLimits, OciReference, PodSpec
from pocket.settings import Settings
from pocket.substrate import HostSpec, _booting, cgroups, procs, records
from pocket.substrate.home import Home
from pocket.substrate.images import Image, Images
from pocket.substrate.network import Network
from pocket.substrate.pods import containers, ociimages, pebbles, planning, starting
from pocket.substrate.pods.tasks import together
from pocket.substrate.pods.volumes import Folders
from pocket.substrate.records import Pod, Record, Workload

Note = Callable[[str], None]

_BOOT_TIMEOUT_S = 90.0


class Pods:
    """What of a pod is not as with a machine."""

    def __init__(
        self,
        settings: Settings,
        home: Home,
        *,
        images: Images,
        network: Network,
        volumes: Folders,
        note: Note,
    ) -> None:
        self._cache, self._at = settings.cache, settings.home
        self._home = home
        self._images = images
        self._network = network
        self._volumes = volumes
        self._note = note
        self._pebble: Path | None = None

    async def plan(self, spec: PodSpec, image: Image, note: Note) -> Pod:
        """What a pod of *spec* is made of; its images are there then, and what runs in all of them."""

        def tell(message: str) -> None:
            self._note(message)
            note(message)

        pod, _ = await asyncio.gather(
            planning.plan(spec, base=image.tree, unpack=self._unpack, note=tell), self._ensure_pebble(tell)
        )
        return pod

    async def start(self, spec: HostSpec, record: Record) -> Record:
        """Start the pod of *spec*; what is returned, and kept, has its processes."""
        folder, pod = self._home.folder(spec.name), record.pod
        assert pod is not None
        groups = self._home.groups(spec, record)
        limits = {one.name: one.limits for one in spec.pod.containers} if spec.pod else {}
        own = self._groups(spec, groups, 'charm', spec.pod.limits if spec.pod else UNLIMITED)
        workloads = tuple(
            dataclasses.replace(
                one,
                groups=self._groups(spec, groups, _group_of(one.name), limits.get(one.name, UNLIMITED)),
            )
            for one in pod.workloads
        )
        pod = dataclasses.replace(pod, groups=own, workloads=workloads)
        record = dataclasses.replace(record, cgroups=_paths(groups), supervisor=None, leader=None, pod=pod)
        records.save(folder, record)
        namespace = await self._network.connect(spec.name)
        pod = dataclasses.replace(pod, namespace=str(namespace))
        self._home.write_names(spec, record, own=pod.hostname)
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
        return record

    def _groups(
        self, spec: HostSpec, groups: Iterable[Path], name: str, limits: ContainerLimits
    ) -> tuple[str, ...]:
        """Make the control groups of one container; limits that cannot be had are noted."""
        found, refused = cgroups.confine(
            self._home.layout,
            f'{self._home.place(spec.name)}/{name}',
            cgroups.below(self._home.layout, groups, name),
            memory_bytes=limits.memory_bytes,
            cpu_millis=limits.cpu_millis,
        )
        if refused:
            self._note(f'container {name.removeprefix("w-")} of pod {spec.name}: {refused}')
        return _paths(found)

    async def start_container(self, name: str, container: str) -> None:
        """See `Substrate.start_container`."""
        record = self._home.load(name)
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
        records.save(self._home.folder(name), dataclasses.replace(record, pod=pod))

    async def wait_container_ended(self, name: str, *, but: Collection[str] = ()) -> str:
        """See `Substrate.wait_container_ended`."""
        record = self._home.load(name)
        if record is None or record.pod is None or record.leader is None:
            raise errors.Fault(f'cannot wait for a container of {name}: there is no such pod')
        watched = [one for one in record.pod.workloads if one.name not in but]
        for one in watched:
            if not procs.alive(one.leader):
                return one.name
        waits = {
            asyncio.ensure_future(procs.wait_gone([one.leader.pid], timeout_s=None)): one.name
            for one in watched
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
        _booting.forget(part, self._home.scratch(part))

    async def _ensure_pebble(self, note: Note) -> Path:
        if self._pebble is None or not self._pebble.is_file():
            self._pebble = await pebbles.ensure(self._cache, note=note)
        return self._pebble

    async def _site(self, name: str, namespace: Path) -> starting.Site:
        return starting.Site(
            name=name,
            folder=self._home.folder(name),
            scratch=self._home.scratch(name),
            namespace=namespace,
            pebble=await self._ensure_pebble(self._note),
            volumes=self._volumes,
            timeout_s=_BOOT_TIMEOUT_S,
        )

    async def _unpack(self, reference: OciReference, note: Note) -> ociimages.OciImage:
        return await ociimages.ensure(self._images, reference, home=self._at, note=note)


def in_container(
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
