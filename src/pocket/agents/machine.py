"""The agent of one machine: has it run, tells the model how that goes, runs commands on it, removes it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bedrock import errors
from pocket.agents import agentconf, booting, toolserver
from pocket.agents.environment import SYSTEM_PATH
from pocket.agents.machinecommands import USER, MachineCommands
from pocket.agents.machinelogs import MachineLogs
from pocket.agents.machineproxies import MachineProxies
from pocket.agents.site import Site
from pocket.agents.supervisor import Key, Worker
from pocket.services import machines
from pocket.services.machines import MachineRecord
from pocket.state import Tx
from pocket.substrate import Host, HostSpec

_STOPPED = 'machine has stopped'
_SHORT_LIFE_S = 10.0
_SHORT_LIVES = 3
_QUICK_S = 30.0
"""For programs that take milliseconds, on a machine that may be stuck."""

_PREPARE = """
set -e
umask 022
mkdir -p "$0"
cat >"$0/agent.conf"
for name in juju-exec juju-run; do ln -sfn "$1" "$2/$name"; done
"""
"""Run by sh with the folder of the machine's agent, the path of the hook tool and a folder for programs."""


@dataclass(slots=True, kw_only=True)
class MachineSource:
    """Wants an agent for each machine that there is."""

    site: Site
    turns: asyncio.Semaphore = field(default_factory=booting.turns)
    """Bounds how many machines start at once."""

    async def wanted(self) -> Mapping[Key, Worker]:
        """See `pocket.agents.supervisor.Source`."""
        return {
            Key(model_uuid=machine.model_uuid, name=f'machine {machine.id}'): self._worker(machine)
            for machine in self.site.state.read(_known)
        }

    def _worker(self, machine: MachineRecord) -> Worker:
        def start(wake: asyncio.Event) -> Coroutine[Any, Any, None]:
            return MachineAgent(self.site, machine, wake=wake, turns=self.turns).run()

        return start


class MachineAgent:
    """Runs until its machine is removed."""

    def __init__(
        self, site: Site, machine: MachineRecord, *, wake: asyncio.Event, turns: asyncio.Semaphore
    ) -> None:
        self._site = site
        self._state = site.state
        self._model, self._id, self._name = machine.model_uuid, machine.id, machine.host_name
        self._keys = machine.authorized_keys
        self._wake = wake
        self._booting = booting.Booting(
            site,
            model_uuid=self._model,
            machine_id=self._id,
            entity=f'machine-{self._id}',
            wake=wake,
            turns=turns,
        )
        self._short_lives = 0
        self._commands = MachineCommands(
            site, model_uuid=self._model, machine_id=self._id, host_name=self._name
        )
        self._proxies = MachineProxies(site, model_uuid=self._model, host_name=self._name)
        self._logs = MachineLogs(site, model_uuid=self._model, machine_id=self._id, host_name=self._name)

    async def run(self) -> None:
        """Do what the model asks for, and look again when it changes.

        Raises:
            Fault: the machine cannot be started; the model says so, and another agent may try again.
        """
        while True:
            self._wake.clear()
            machine, removable = self._look()
            if machine is None:
                return
            if removable:
                await self._remove()
                return
            host = await self._ensure_running(machine)
            if host is None:
                continue
            if not await self._serve(host):
                await self._state.write(machines.set_stopped, self._model, self._id, _STOPPED)

    async def _ensure_running(self, machine: MachineRecord) -> Host | None:
        """Start the machine unless it runs; None when it is not wanted any more before that is done."""
        host = (await self._site.substrate.running()).get(self._name)
        if host is None:
            host = await self._boot(machine)
        if host is None:
            return None
        await self._prepare(host)
        self._proxies.forget()
        await self._proxies.write()
        await self._state.write(
            machines.set_running,
            self._model,
            self._id,
            address=host.address,
            ssh_host_keys=host.ssh_host_keys,
            note=host.note,
            boot_id=host.boot_id,
        )
        return host

    async def _prepare(self, host: Host) -> None:
        """Put what Juju's machines have of their agent into the machine."""
        toolserver.install_programs(host.run_dir)
        paths = self._site.paths
        text = agentconf.machine(self._id, self._model, api_addresses=self._site.api_addresses)
        done = await self._site.substrate.exec(
            host.name,
            [
                '/bin/sh',
                '-c',
                _PREPARE,
                f'{paths.juju}/agents/machine-{self._id}',
                paths.hook_tool,
                paths.programs,
            ],
            env={'PATH': SYSTEM_PATH},
            stdin=text.encode(),
            timeout_s=_QUICK_S,
        )
        if done.returncode != 0:
            raise errors.Fault(f'cannot prepare machine {self._id}: {done.stderr.decode(errors="replace")}')

    async def _boot(self, machine: MachineRecord) -> Host | None:
        spec = HostSpec(
            name=machine.host_name,
            model_uuid=machine.model_uuid,
            region=machine.region,
            base=machine.base,
            authorized_keys=machine.authorized_keys,
            memory_mb=machine.memory_mb,
            cores=machine.cores,
        )
        return await self._booting.boot(spec, wanted=self._is_wanted)

    def _is_wanted(self) -> bool:
        machine, removable = self._look()
        return machine is not None and not removable

    async def _serve(self, host: Host) -> bool:
        """Look after the running machine; False once it has stopped by itself, True when it is to go.

        Raises:
            Fault: it keeps stopping just after its start, so starting it again at once may never end.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        await self._commands.recover()
        ended = asyncio.ensure_future(self._site.substrate.wait_ended(host.name))
        logging = asyncio.create_task(self._logs.run())
        try:
            while True:
                self._wake.clear()
                machine, removable = self._look()
                if machine is None or removable:
                    return True
                if machine.authorized_keys != self._keys:
                    await self._write_keys(machine.authorized_keys)
                if self._state.read(machines.wants_reboot, self._model, self._id):
                    async with self._site.lock(self._name):
                        await self._site.substrate.reboot(self._name)
                    await ended
                    return False
                if not ended.done():
                    await self._proxies.write()
                    self._commands.follow()
                await booting.changed_or_done(self._wake, ended)
                if ended.done():
                    break
        finally:
            await self._commands.stop()
            for task in (ended, logging):
                task.cancel()
            await asyncio.gather(ended, logging, return_exceptions=True)
        self._short_lives = self._short_lives + 1 if loop.time() - began < _SHORT_LIFE_S else 0
        if self._short_lives >= _SHORT_LIVES:
            await self._state.write(machines.set_stopped, self._model, self._id, _STOPPED)
            raise errors.Fault(f'machine {self._id} stops just after its start')
        return False

    async def _write_keys(self, keys: tuple[str, ...]) -> None:
        script = 'umask 077; mkdir -p ~/.ssh && cat >~/.ssh/authorized_keys'
        text = ''.join(f'{key}\n' for key in keys)
        done = await self._site.substrate.exec(
            self._name,
            ['/bin/sh', '-c', script],
            env={'HOME': f'/home/{USER}', 'PATH': SYSTEM_PATH},
            user=USER,
            stdin=text.encode(),
            timeout_s=_QUICK_S,
        )
        if done.returncode != 0:
            raise errors.Fault(f'cannot write the authorized keys of machine {self._id}')
        self._keys = keys

    async def _remove(self) -> None:
        await self._site.substrate.remove(self._name)
        await self._state.write(machines.remove, self._model, self._id)

    def _look(self) -> tuple[MachineRecord | None, bool]:
        """The machine as the model has it now, and whether it is to go."""

        def find(tx: Tx) -> tuple[MachineRecord | None, bool]:
            for removable, found in ((False, machines.wanted(tx)), (True, machines.removable(tx))):
                for machine in _of(found, self._model):
                    if machine.id == self._id:
                        return machine, removable
            return None, False

        return self._state.read(find)


def _known(tx: Tx) -> list[MachineRecord]:
    return [*machines.wanted(tx), *machines.removable(tx)]


def _of(found: list[MachineRecord], model: str) -> Iterator[MachineRecord]:
    return (machine for machine in found if machine.model_uuid == model)
