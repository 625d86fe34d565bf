"""The agent of one pod: has it run as the model wants it, replaces it when that changes, removes it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

from bedrock import errors
from pocket.agents import booting, toolserver
from pocket.agents.environment import SYSTEM_PATH
from pocket.agents.machinelogs import MachineLogs
from pocket.agents.pods import pinning, rollout, serviceaccount
from pocket.agents.pods.containers import Containers
from pocket.agents.site import Site
from pocket.agents.supervisor import RESTART_FIRST_S, RESTART_LONGEST_S, Key, Worker
from pocket.model import Life, application_of, unit_tag
from pocket.services import machines, uniter
from pocket.services.cluster import pods, templates
from pocket.services.cluster.pods import PodRecord
from pocket.state import Tx
from pocket.substrate import Host, HostSpec

LEAVE_S = 300.0
"""Longest wait for the hooks of a unit whose pod is to be replaced."""
_STOPPED = 'pod has stopped'
_REPLACING = 'replacing the pod'
_MADE_OF = 'made-of'
"""The file in `Host.run_dir` that says what the pod is made of."""
_QUICK_S = 30.0

_PREPARE = """
set -e
umask 022
mkdir -p "$0/agents" "$0/tools"
for name in juju-exec juju-run; do ln -sfn "$1" "$2/$name"; done
"""
"""Run by sh with Juju's folder, the path of the hook tool and a folder for programs."""


@dataclass(slots=True, kw_only=True)
class PodSource:
    """Wants an agent for each pod that there is."""

    site: Site
    turns: asyncio.Semaphore = field(default_factory=booting.turns)
    """Bounds how many pods start at once."""

    async def wanted(self) -> Mapping[Key, Worker]:
        """See `pocket.agents.supervisor.Source`."""
        return {
            Key(model_uuid=pod.model_uuid, name=f'pod {pod.id}'): self._worker(pod)
            for pod in self.site.state.read(_known)
        }

    def _worker(self, pod: PodRecord) -> Worker:
        def start(wake: asyncio.Event) -> Coroutine[Any, Any, None]:
            return PodAgent(self.site, pod, wake=wake, turns=self.turns).run()

        return start


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """What the model says of a pod."""

    pod: PodRecord
    removable: bool
    made_of: str
    """See `pocket.agents.pods.rollout.fingerprint`."""


class PodAgent:
    """Runs until its pod is removed."""

    def __init__(self, site: Site, pod: PodRecord, *, wake: asyncio.Event, turns: asyncio.Semaphore) -> None:
        self._site = site
        self._state = site.state
        self._model, self._id, self._name = pod.model_uuid, pod.id, pod.host_name
        self._unit = pod.unit
        self._wake = wake
        self._seat = site.seat(pod.host_name)
        self._pause_s = RESTART_FIRST_S
        self._has_account = False
        self._booting = booting.Booting(
            site,
            model_uuid=self._model,
            machine_id=self._id,
            entity=unit_tag(pod.unit),
            wake=wake,
            turns=turns,
        )

    async def run(self) -> None:
        """Do what the model asks for, and look again when it changes."""
        while True:
            self._wake.clear()
            wish = self._look()
            if wish is None:
                return
            if wish.removable:
                await self._remove()
                return
            host = await self._running()
            if host is None and wish.pod.waiting:
                await self._show_waiting(wish.pod.waiting)
                await self._wake.wait()
                continue
            host = await self._ensure_running(wish, host)
            if host is None:
                continue
            if not await self._serve(host):
                await self._state.write(machines.set_stopped, self._model, self._id, _STOPPED)
                await self._seat.vacated()

    async def _running(self) -> Host | None:
        return (await self._site.substrate.running()).get(self._name)

    async def _ensure_running(self, wish: _Wish, host: Host | None) -> Host | None:
        """Start the pod unless it runs; None when that is to be tried again."""
        if host is None:
            try:
                if pinning.unknown(wish.pod):
                    await self._booting.prepare(
                        lambda note: pinning.pin(self._state, wish.pod, note),
                        wanted=lambda: self._look() == wish,
                    )
                    return None  # what is wanted has changed by that
                host = await self._booting.boot(_spec(wish.pod), wanted=lambda: self._look() == wish)
            except errors.Fault:
                await self._wait_for_other_wish(wish)
                return None
            if host is None:
                return None
            await self._state.write(templates.note_started, self._model, self._unit, wish.pod.spec.revision)
            _note_made_of(host, wish.made_of)  # last: a pod that lacks it, as we were killed, is replaced
        self._pause_s = RESTART_FIRST_S
        self._seat.made_of = _made_of(host)
        await self._prepare(host)
        await self._state.write(
            machines.set_running,
            self._model,
            self._id,
            address=host.address,
            note=host.note,
            boot_id=host.boot_id,
        )
        return host

    async def _wait_for_other_wish(self, wish: _Wish) -> None:
        """The pod cannot be started: wait before the next try, ever longer, unless it is to be another."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._pause_s):
                while self._look() == wish:
                    await self._wake.wait()
                    self._wake.clear()
        self._pause_s = min(self._pause_s * 2, RESTART_LONGEST_S)

    async def _prepare(self, host: Host) -> None:
        """Put what Juju's charm containers have of their agent into the charm's container."""
        toolserver.install_programs(host.run_dir)
        paths = self._site.paths
        done = await self._site.substrate.exec(
            host.name,
            ['/bin/sh', '-c', _PREPARE, paths.juju, paths.hook_tool, paths.programs],
            env={'PATH': SYSTEM_PATH},
            timeout_s=_QUICK_S,
        )
        if done.returncode != 0:
            said = done.stderr.decode(errors='replace').strip()
            raise errors.Fault(f'cannot prepare the pod of {self._unit}: {said}')
        self._has_account = await self._install_account()

    async def _install_account(self) -> bool:
        application = application_of(self._unit)
        return await serviceaccount.install(self._site, self._name, uuid=self._model, application=application)

    async def _serve(self, host: Host) -> bool:
        """Look after the running pod; False once it has stopped by itself, True when it is to go."""
        ended = asyncio.ensure_future(self._site.substrate.wait_ended(host.name))
        logs = MachineLogs(self._site, model_uuid=self._model, machine_id=self._id, host_name=self._name)
        containers = Containers(
            self._site,
            model_uuid=self._model,
            pod_id=self._id,
            host_name=self._name,
            hostname=self._unit.replace('/', '-'),
        )
        beside = [asyncio.create_task(logs.run())]
        if host.pebbles:
            beside.append(asyncio.create_task(containers.run()))
        try:
            while True:
                self._wake.clear()
                wish = self._look()
                if wish is None or wish.removable:
                    return True
                if self._is_due(wish):
                    await self._replace(ended)
                    return True
                if not self._has_account and not ended.done():
                    self._has_account = await self._install_account()
                await booting.changed_or_done(self._wake, ended)
                if ended.done():
                    return False
        finally:
            for task in (ended, *beside):
                task.cancel()
            await asyncio.gather(ended, *beside, return_exceptions=True)

    def _is_due(self, wish: _Wish) -> bool:
        """Whether the pod is to be replaced now."""
        if wish.pod.waiting or wish.pod.is_held:
            return False
        if wish.pod.life is not Life.ALIVE or self._seat.made_of == wish.made_of:
            return False
        application, ordinal = application_of(self._unit), _ordinal(self._unit)
        others = (
            rollout.PodState(ordinal=_ordinal(pod.unit), current=self._is_current(pod))
            for pod in self._state.read(pods.wanted)
            if pod.model_uuid == self._model and application_of(pod.unit) == application
        )
        return rollout.may_be_replaced(ordinal, others)

    def _is_current(self, pod: PodRecord) -> bool:
        seat = self._site.seat(pod.host_name)
        return seat.settled and seat.made_of == self._state.read(_fingerprint, pod)

    async def _replace(self, ended: asyncio.Future[None]) -> None:
        """End the pod when its unit has left it; what runs again is another one, with the same volumes."""
        leaving = asyncio.ensure_future(self._seat.ask_to_leave())
        try:
            async with asyncio.timeout(LEAVE_S):
                await asyncio.wait({leaving, ended}, return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            pass
        finally:
            leaving.cancel()
            await asyncio.gather(leaving, return_exceptions=True)
        await self._state.write(machines.set_provisioning, self._model, self._id, _REPLACING)
        await self._seat.vacated()
        await self._site.substrate.remove(self._name)

    async def _remove(self) -> None:
        await self._site.substrate.remove(self._name)
        await self._state.write(machines.remove, self._model, self._id)

    async def _show_waiting(self, why: str) -> None:
        await self._state.write(machines.set_provisioning, self._model, self._id, why)

    def _look(self) -> _Wish | None:
        """What the model says of the pod now; None when it is no more."""

        def find(tx: Tx) -> _Wish | None:
            for removable, found in ((False, pods.wanted(tx)), (True, pods.removable(tx))):
                for pod in found:
                    if (pod.model_uuid, pod.id) == (self._model, self._id):
                        return _Wish(pod=pod, removable=removable, made_of=_fingerprint(tx, pod))
            return None

        return self._state.read(find)


def _fingerprint(tx: Tx, pod: PodRecord) -> str:
    view = uniter.view(tx, pod.model_uuid, pod.unit)
    if view is None:
        return ''
    return rollout.fingerprint(pod, charm_url=view.charm_url, charm_modified=view.charm_modified)


def _spec(pod: PodRecord) -> HostSpec:
    return HostSpec(
        name=pod.host_name,
        model_uuid=pod.model_uuid,
        region=pod.region,
        base=pod.base,
        memory_mb=pod.memory_mb,
        cores=pod.cores,
        pod=pod.spec,
    )


def _ordinal(unit: str) -> int:
    return int(unit.rpartition('/')[2])


def _known(tx: Tx) -> list[PodRecord]:
    return [*pods.wanted(tx), *pods.removable(tx)]


def _note_made_of(host: Host, made_of: str) -> None:
    # Nothing in the folder is trusted: a new file takes the place of whatever is there.
    number, part = tempfile.mkstemp(dir=host.run_dir, prefix=f'.{_MADE_OF}.')
    with os.fdopen(number, 'w') as file:
        file.write(made_of)
    os.replace(part, host.run_dir / _MADE_OF)


def _made_of(host: Host) -> str:
    """What the pod is made of; empty when a crash came before that was noted, so it will be replaced."""
    try:
        fd = os.open(host.run_dir / _MADE_OF, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return ''
    with os.fdopen(fd) as file:
        return file.read(128)
