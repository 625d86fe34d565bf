"""The agent of one machine: has it run, tells the model how that goes, runs commands on it, removes it."""

from __future__ import annotations

import asyncio

from bedrock import errors
from pocket.agents import agentconf
from pocket.agents.environment import SYSTEM_PATH
from pocket.agents.hosts import QUICK_S, Hosting, HostSource
from pocket.agents.machinecommands import USER, MachineCommands
from pocket.agents.machineproxies import MachineProxies
from pocket.agents.site import Site
from pocket.services import machines
from pocket.services.machines import MachineRecord
from pocket.state import Tx
from pocket.substrate import Host, HostSpec

_SHORT_LIFE_S = 10.0
_SHORT_LIVES = 3

_PREPARE = """
set -e
umask 022
mkdir -p "$0"
cat >"$0/agent.conf"
for name in juju-exec juju-run; do ln -sfn "$1" "$2/$name"; done
"""
"""Run by sh with the folder of the machine's agent, the path of the hook tool and a folder for programs."""


def source(site: Site) -> HostSource[MachineRecord]:
    """What wants an agent for each machine that there is."""
    return HostSource(
        site=site,
        kind='machine',
        known=_known,
        run=lambda machine, wake, turns: MachineAgent(site, machine, wake=wake, turns=turns).run(),
    )


class MachineAgent:
    """Runs until its machine is removed."""

    def __init__(
        self, site: Site, machine: MachineRecord, *, wake: asyncio.Event, turns: asyncio.Semaphore
    ) -> None:
        self._site = site
        self._state = site.state
        self._model, self._id, self._name = machine.model_uuid, machine.id, machine.host_name
        self._keys = machine.authorized_keys
        self._hosting = Hosting(
            site,
            machine,
            title=f'machine {machine.id}',
            entity=f'machine-{machine.id}',
            find=machines.find,
            wake=wake,
            turns=turns,
        )
        self._short_lives = 0
        self._commands = MachineCommands(
            site, model_uuid=self._model, machine_id=self._id, host_name=self._name
        )
        self._proxies = MachineProxies(site, model_uuid=self._model, host_name=self._name)

    async def run(self) -> None:
        """Do what the model asks for, and look again when it changes.

        Raises:
            Fault: the machine cannot be started, or keeps stopping just after that; the model says so, and
                another agent may try again.
        """
        loop = asyncio.get_running_loop()
        while (machine := await self._hosting.wanted()) is not None:
            if not await self._ensure_running(machine):
                continue
            began = loop.time()
            if not await self._serve():
                continue
            ran_s, is_asked = loop.time() - began, self._wants_reboot()
            await self._state.write(machines.set_stopped, self._model, self._id, 'machine has stopped')
            if not is_asked:
                self._count(ran_s)

    def _count(self, ran_s: float) -> None:
        """Note that the machine has stopped by itself.

        Raises:
            Fault: it keeps stopping just after its start, so starting it again at once may never end.
        """
        self._short_lives = self._short_lives + 1 if ran_s < _SHORT_LIFE_S else 0
        if self._short_lives >= _SHORT_LIVES:
            raise errors.Fault(f'machine {self._id} stops just after its start')

    async def _ensure_running(self, machine: MachineRecord) -> bool:
        """Start the machine unless it runs; False when it is not wanted any more before that is done."""
        host = await self._hosting.running()
        if host is None:
            host = await self._hosting.booting.boot(
                _spec(machine), wanted=lambda: self._hosting.wish() is not None
            )
        if host is None:
            return False
        await self._prepare(host)
        self._proxies.forget()
        await self._proxies.write()
        await self._hosting.show_running(host)
        return True

    async def _prepare(self, host: Host) -> None:
        """Put what Juju's machines have of their agent into the machine."""
        paths = self._site.paths
        text = agentconf.machine(self._id, self._model, api_addresses=self._site.api_addresses)
        folder = f'{paths.juju}/agents/machine-{self._id}'
        await self._hosting.prepare(
            host, _PREPARE, folder, paths.hook_tool, paths.programs, stdin=text.encode()
        )

    async def _serve(self) -> bool:
        """Look after the running machine; True once it has stopped, False when it is to go."""
        await self._commands.recover()
        async with self._hosting.watched() as ended:
            try:
                while (machine := self._hosting.wish()) is not None:
                    if machine.authorized_keys != self._keys:
                        await self._write_keys(machine.authorized_keys)
                    if self._wants_reboot():
                        async with self._site.lock(self._name):
                            await self._site.substrate.reboot(self._name)
                        await ended
                        return True
                    if not ended.done():
                        await self._proxies.write()
                        self._commands.follow()
                    if await self._hosting.changed_or_ended(ended):
                        return True
            finally:
                await self._commands.stop()
        return False

    def _wants_reboot(self) -> bool:
        return self._state.read(machines.wants_reboot, self._model, self._id)

    async def _write_keys(self, keys: tuple[str, ...]) -> None:
        script = 'umask 077; mkdir -p ~/.ssh && cat >~/.ssh/authorized_keys'
        text = ''.join(f'{key}\n' for key in keys)
        done = await self._site.substrate.exec(
            self._name,
            ['/bin/sh', '-c', script],
            env={'HOME': f'/home/{USER}', 'PATH': SYSTEM_PATH},
            user=USER,
            stdin=text.encode(),
            timeout_s=QUICK_S,
        )
        if done.returncode != 0:
            raise errors.Fault(f'cannot write the authorized keys of machine {self._id}')
        self._keys = keys


def _spec(machine: MachineRecord) -> HostSpec:
    return HostSpec(
        name=machine.host_name,
        model_uuid=machine.model_uuid,
        region=machine.region,
        base=machine.base,
        authorized_keys=machine.authorized_keys,
        memory_mb=machine.memory_mb,
        cores=machine.cores,
    )


def _known(tx: Tx) -> list[MachineRecord]:
    return [*machines.wanted(tx), *machines.removable(tx)]
