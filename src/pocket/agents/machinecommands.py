"""Commands that clients have asked a machine for: they run beside each other, as the machine's own user."""

from __future__ import annotations

import asyncio
import contextlib

from bedrock import errors, process
from pocket.agents.environment import SYSTEM_PATH
from pocket.agents.site import Site
from pocket.model import ActionResult, PendingAction
from pocket.services import actions
from pocket.services.errors import JujuError
from pocket.substrate import ExecResult

USER = 'ubuntu'
"""Who commands on a machine run as, as in Juju."""

ABORTED = ActionResult(status='aborted', message='action aborted')
TERMINATED = ActionResult(status='failed', message='action terminated')
TIMED_OUT = ActionResult(status='failed', message='command timed out')


class MachineCommands:
    """Runs the commands of one machine."""

    def __init__(self, site: Site, *, model_uuid: str, machine_id: str, host_name: str) -> None:
        self._site = site
        self._state = site.state
        self._model, self._id, self._name = model_uuid, machine_id, host_name
        self._running: dict[str, asyncio.Task[None]] = {}
        self._aborted: set[str] = set()
        self._ending: set[str] = set()
        """Those whose result is about to be written: nothing may stop that."""

    async def recover(self) -> None:
        """End what an earlier daemon left running."""
        for action in self._pending():
            await self._site.substrate.kill_stale(self._name, self._key(action.id))

    def follow(self) -> None:
        """Start what is asked for and was not yet, end what is not asked for any more."""
        pending = {action.id: action for action in self._pending()}
        for action_id, action in pending.items():
            if action_id not in self._running:
                self._running[action_id] = asyncio.create_task(self._carry_out(action))
        for action_id, task in list(self._running.items()):
            if task.done():
                del self._running[action_id]
                self._aborted.discard(action_id)
                self._ending.discard(action_id)
                task.result()  # it ends by failing only when the state does
            elif action_id not in self._ending and (action_id not in pending or pending[action_id].cancel):
                self._aborted.add(action_id)
                self._ending.add(action_id)
                task.cancel()

    async def stop(self) -> None:
        """End all that runs; the next daemon says what became of it."""
        for task in self._running.values():
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)
        self._running.clear()

    def _pending(self) -> list[PendingAction]:
        return self._state.read(actions.pending_for_machine, self._model, self._id)

    def _key(self, action_id: str) -> str:
        return f'machine-{self._id}-{action_id}'

    async def _carry_out(self, action: PendingAction) -> None:
        try:
            result = await self._start(action)
        except asyncio.CancelledError:
            if action.id not in self._aborted:
                raise
            result = ABORTED
        self._ending.add(action.id)
        await asyncio.shield(self._state.write(actions.finish, self._model, action.id, result))

    async def _start(self, action: PendingAction) -> ActionResult:
        try:
            await self._state.write(actions.start, self._model, action.id)
        except JujuError:
            # It was started, by an agent that is no more.
            return ABORTED if action.cancel else TERMINATED
        return await self._run(action)

    async def _run(self, action: PendingAction) -> ActionResult:
        timeout_ns = int(action.parameters.get('timeout') or 0)
        async with contextlib.AsyncExitStack() as stack:
            if not action.parallel or action.execution_group:
                await stack.enter_async_context(self._site.lock(self._name, action.execution_group))
            try:
                return judge(
                    await self._site.substrate.exec(
                        self._name,
                        ['/bin/bash', '-s'],
                        env={'HOME': f'/home/{USER}', 'LANG': 'C.UTF-8', 'PATH': SYSTEM_PATH, 'USER': USER},
                        cwd=f'/home/{USER}',
                        user=USER,
                        stdin=str(action.parameters.get('command') or '').encode(),
                        key=self._key(action.id),
                        timeout_s=timeout_ns / 1e9 if timeout_ns else None,
                    )
                )
            except process.ProgramFault as err:
                return TIMED_OUT if timeout_ns else ActionResult(status='failed', message=err.message)
            except errors.Fault as err:
                return ActionResult(status='failed', message=err.message)


def judge(done: ExecResult) -> ActionResult:
    """The result of a command: complete whatever its exit status, which the results tell."""
    outputs = {'stdout': done.stdout.decode(errors='replace'), 'stderr': done.stderr.decode(errors='replace')}
    return ActionResult(
        status='completed',
        results={'return-code': done.returncode, **{key: text for key, text in outputs.items() if text}},
    )
