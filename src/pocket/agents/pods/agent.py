"""The agent of one pod: has it run as the model wants it, replaces it when that changes, removes it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
from dataclasses import dataclass, field

from bedrock import errors
from pocket.agents.hosts import Hosting, HostSource
from pocket.agents.pods import pinning, rollout, serviceaccount
from pocket.agents.pods.containers import Containers
from pocket.agents.site import Site
from pocket.agents.supervisor import RESTART_FIRST_S, RESTART_LONGEST_S
from pocket.model import Life, application_of, unit_tag
from pocket.services import machines, uniter
from pocket.services.cluster import pods, templates
from pocket.services.cluster.pods import PodRecord
from pocket.state import Tx
from pocket.substrate import Host, HostSpec

LEAVE_S = 300.0
"""Longest wait for the hooks of a unit whose pod is to be replaced."""
_CHARM = 'charm'
"""What Juju calls the charm's container."""
_MADE_OF = 'made-of'
"""The file in `Host.run_dir` that says what the pod is made of."""

_PREPARE = """
set -e
umask 022
mkdir -p "$0/agents" "$0/tools"
for name in juju-exec juju-run; do ln -sfn "$1" "$2/$name"; done
"""
"""Run by sh with Juju's folder, the path of the hook tool and a folder for programs."""


def source(site: Site) -> HostSource[PodRecord]:
    """What wants an agent for each pod that there is."""
    return HostSource(
        site=site,
        kind='pod',
        known=_known,
        run=lambda pod, wake, turns: PodAgent(site, pod, wake=wake, turns=turns).run(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """What the model says of a pod that is to run."""

    pod: PodRecord
    made_of: str
    """See `pocket.agents.pods.rollout.fingerprint`."""
    dying: bool = field(compare=False)
    """Whether its unit is to go, which makes no other pod of it but takes one that runs."""


class PodAgent:
    """Runs until its pod is removed."""

    def __init__(self, site: Site, pod: PodRecord, *, wake: asyncio.Event, turns: asyncio.Semaphore) -> None:
        self._site = site
        self._state = site.state
        self._model, self._id, self._name = pod.model_uuid, pod.id, pod.host_name
        self._unit = pod.unit
        self._hostname = pod.spec.hostname
        self._wake = wake
        self._seat = site.seat(pod.host_name)
        self._retry_s = RESTART_FIRST_S
        self._back_off_s: float | None = None
        self._has_account = False
        self._hosting = Hosting(
            site,
            pod,
            title=f'the pod of {pod.unit}',
            entity=unit_tag(pod.unit),
            find=_find,
            wake=wake,
            turns=turns,
        )

    async def run(self) -> None:
        """Do what the model asks for, and look again when it changes."""
        loop = asyncio.get_running_loop()
        while (wish := await self._hosting.wanted()) is not None:
            host = await self._hosting.running()
            if host is None and wish.pod.waiting:
                await self._show_provisioning(wish.pod.waiting)
                await self._wake.wait()
                continue
            host = await self._ensure_running(wish, host)
            if host is None:
                continue
            began = loop.time()
            if await self._serve(host):
                ran_s = loop.time() - began
                await self._state.write(machines.set_stopped, self._model, self._id, 'pod has stopped')
                await self._seat.vacated()
                await self._back_off(ran_s)

    async def _ensure_running(self, wish: _Wish, host: Host | None) -> Host | None:
        """Start the pod unless it runs; None when that is to be tried again."""
        if host is None:
            booting = self._hosting.booting
            try:
                if pinning.unknown(wish.pod):
                    await booting.prepare(
                        lambda note: pinning.pin(self._state, wish.pod, note),
                        wanted=lambda: self._hosting.wish() == wish,
                    )
                    return None  # what is wanted has changed by that
                host = await booting.boot(_spec(wish.pod), wanted=lambda: self._hosting.wish() == wish)
            except errors.Fault:
                await self._wait_for_other(wish, self._retry_s)
                self._retry_s = min(self._retry_s * 2, RESTART_LONGEST_S)
                return None
            if host is None:
                return None
            await self._state.write(templates.note_started, self._model, self._unit, wish.pod.spec.revision)
            _note_made_of(host, wish.made_of)  # last: a pod that lacks it, as we were killed, is replaced
        self._retry_s = RESTART_FIRST_S
        self._seat.made_of = _made_of(host)
        await self._prepare(host)
        await self._hosting.show_running(host)
        return host

    async def _back_off(self, ran_s: float) -> None:
        """The pod has stopped by itself: wait before its next start as Kubernetes does."""
        self._back_off_s = pause_s = rollout.next_pause_s(self._back_off_s, ran_s=ran_s)
        if pause_s and (wish := self._hosting.wish()) is not None:
            why = rollout.crash_loop(_CHARM, hostname=self._hostname, pause_s=pause_s)
            await self._state.write(machines.set_failed, self._model, self._id, why)
            await self._wait_for_other(wish, pause_s)

    async def _wait_for_other(self, wish: _Wish, pause_s: float) -> None:
        """Wait before the next try, unless the pod is to be another than *wish*, or its unit is to go."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause_s):
                while (now := self._hosting.wish()) and (now, now.dying) == (wish, wish.dying):
                    await self._wake.wait()

    async def _prepare(self, host: Host) -> None:
        """Put what Juju's charm containers have of their agent into the charm's container."""
        paths = self._site.paths
        await self._hosting.prepare(host, _PREPARE, paths.juju, paths.hook_tool, paths.programs)
        self._has_account = await self._install_account()

    async def _install_account(self) -> bool:
        application = application_of(self._unit)
        return await serviceaccount.install(self._site, self._name, uuid=self._model, application=application)

    async def _serve(self, host: Host) -> bool:
        """Look after the running pod; True once it has stopped by itself, False when it is to go."""
        containers = Containers(
            self._site,
            model_uuid=self._model,
            pod_id=self._id,
            host_name=self._name,
            hostname=self._hostname,
        )
        async with self._hosting.watched(*([containers.run()] if host.pebbles else [])) as ended:
            while (wish := self._hosting.wish()) is not None:
                if self._is_due(wish):
                    await self._replace(ended)
                    return False
                if not self._has_account and not ended.done():
                    self._has_account = await self._install_account()
                if await self._hosting.changed_or_ended(ended):
                    return True
        return False

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
        return seat.settled and seat.made_of == self._state.read(_wish, pod).made_of

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
        await self._show_provisioning('replacing the pod')
        await self._seat.vacated()
        await self._site.substrate.remove(self._name)

    async def _show_provisioning(self, why: str) -> None:
        await self._state.write(machines.set_provisioning, self._model, self._id, why)


def _find(tx: Tx, model_uuid: str, pod_id: str) -> tuple[_Wish, bool] | None:
    found = pods.find(tx, model_uuid, pod_id)
    if found is None:
        return None
    pod, removable = found
    return _wish(tx, pod), removable


def _wish(tx: Tx, pod: PodRecord) -> _Wish:
    view = uniter.view(tx, pod.model_uuid, pod.unit)
    if view is None:
        return _Wish(pod=pod, made_of='', dying=True)
    made_of = rollout.fingerprint(pod, charm_url=view.charm_url, charm_modified=view.charm_modified)
    return _Wish(pod=pod, made_of=made_of, dying=view.life is not Life.ALIVE)


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
