"""The agent of one unit: looks at the model, has the resolver choose, does it, and looks again.

It waits only when nothing can be done, for a change of the model or one of its own timers. Whatever goes
wrong ends it; the supervisor starts another, which goes on from the saved state.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bedrock import errors
from pocket.agents import agentconf, charmdir, operations, resolver, tools, toolserver
from pocket.agents import local as local_state
from pocket.agents.acting import Acting
from pocket.agents.commands import Commands
from pocket.agents.context import HookContext
from pocket.agents.hooks import OPERATION_LOG, HookRunner
from pocket.agents.local import Hook
from pocket.agents.logsink import LogSink
from pocket.agents.paths import socket_name
from pocket.agents.reader import StateReader
from pocket.agents.records import Records
from pocket.agents.resources import Resources
from pocket.agents.site import Site
from pocket.agents.timers import RETRY_FIRST_S, Timers
from pocket.agents.workloads.watching import Workloads
from pocket.model import ActionResult, HookChanges, Life, PendingAction, UnitView, unit_tag
from pocket.services import applications
from pocket.services.errors import CANNOT_ENTER_SCOPE, CANNOT_ENTER_SCOPE_YET, HAS_SUBORDINATES, JujuError
from pocket.substrate import Host


class UnitAgent:
    """Does one unit's operations, one at a time."""

    def __init__(self, site: Site, host: Host, *, model_uuid: str, unit: str, wake: asyncio.Event) -> None:
        """Work for *unit* on *host*; whoever sees the model change sets *wake*."""
        self._site = site
        self._host = host
        self._model_uuid = model_uuid
        self._unit = unit
        self._wake = wake
        self._log = LogSink(site.state, model_uuid, unit)
        self._records = Records(site.state, model_uuid, unit, self._log)
        self._commands = Commands(wake)
        self._server = toolserver.ToolServer(
            host.run_dir / socket_name(unit), self._effect, self._commands.run
        )
        self._resources = Resources(site, host, model_uuid=model_uuid, unit=unit)
        self._runner = HookRunner(site, host, self._server, self._log)
        self._acting = Acting(self._records, self._runner, self._context, wake)
        self._hook: asyncio.Future[Any] | None = None
        self._seat = site.seat(host.name)
        self._workloads = Workloads(host.pebbles, lambda: self._records.local, wake)
        self._timers = Timers(time.monotonic)
        self._pause_s = 0.0

    async def run(self) -> None:
        """Work until the unit is removed."""
        await self._site.substrate.kill_stale(self._host.name, self._unit)
        toolserver.install_programs(self._host.run_dir)
        try:
            with self._seat.taken(self._wake):
                async with asyncio.TaskGroup() as group, self._server:
                    beside = [group.create_task(self._log.run())]
                    await self._work(lambda: beside.append(group.create_task(self._workloads.run())))
                    for task in beside:
                        task.cancel()
        finally:
            await asyncio.shield(self._log.flush())

    async def _work(self, watch_workloads: Callable[[], object]) -> None:
        view = self._records.view()
        if view is None:
            return
        self._records.load(view)
        watch_workloads()
        if not view.agent_state:
            await self._records.show_initialising()
        while True:
            await asyncio.sleep(self._pause_s)
            self._pause_s = 0.0
            self._wake.clear()
            view = self._records.view()
            if view is None:
                return
            if self._may_lead(view) and await self._records.claim_leadership():
                continue
            operation = self._next(view)
            if isinstance(operation, operations.Wait):
                await self._rest(operation, view)
            elif (group := operations.lock_needed(operation)) is not None:
                await self._perform_alone(group)
            else:
                await self._perform(operation, view)

    def _next(self, view: UnitView) -> operations.Operation:
        return resolver.next_operation(
            self._records.local,
            view,
            retry_due=self._timers.retry_due,
            update_status_due=self._timers.update_status_due(view.update_status_interval_s),
            commands=self._commands.waiting,
            seen=self._workloads.seen(),
            leaving=self._seat.leaving,
        )

    def _may_lead(self, view: UnitView) -> bool:
        if view.leader or view.life is not Life.ALIVE:
            return False
        try:
            self._site.state.read(applications.leader, self._model_uuid, view.application)
        except JujuError:  # there is none
            return True
        return False

    async def _rest(self, wait: operations.Wait, view: UnitView) -> None:
        if wait.rebooting:
            await self._records.show_rebooting()
            await self._wake.wait()
            return
        if wait.leaving:
            self._seat.let_go()
            await self._wake.wait()
            return
        if view.pod and (wait.idle or wait.failed) and self._seat.settle():
            await self._records.wake_others()
        if wait.failed:
            self._timers.start_retry()
            await self._records.show_failed(wait.failed)
        elif wait.idle:
            await self._records.show_idle()
        alive = wait.failed is None and self._records.local.started and not self._records.local.removed
        delay_s = self._timers.next_s(
            retry=wait.failed is not None and view.retry_hooks,
            update_status_s=view.update_status_interval_s if alive else None,
        )
        delays = [delay_s, view.secrets.next_due_s if alive else None]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min((delay for delay in delays if delay is not None), default=None)):
                await self._wake.wait()

    async def _perform_alone(self, group: str) -> None:
        """Perform what is next while nothing else of *group* runs; that may be something else by now."""
        async with self._site.lock(self._host.name, group):
            view = self._records.view()
            if view is not None:
                operation = self._next(view)
                if operations.lock_needed(operation) in (group, None):
                    await self._perform(operation, view)

    async def _perform(self, operation: operations.Operation, view: UnitView) -> None:
        records = self._records
        match operation:
            case operations.Deploy():
                await self._deploy(view)
            case operations.RunHook():
                await self._run_hook(operation, view)
            case operations.SkipHook():
                await records.commit_hook(operation.hook, HookChanges(), skipped=True)
                self._timers.succeeded()
            case operations.RunAction():
                await self._acting.run(operation.action, view)
            case operations.RunCommand():
                await self._run_command(view)
            case operations.EndAction():
                result = ActionResult(status=operation.status, message=operation.message)
                await records.end_action(operation.action_id, result, None)
            case operations.EnterScope():
                await self._enter_scope(operation.relation_id)
            case operations.LeaveScope():
                await records.leave_scope(operation.relation_id)
            case operations.ReleaseStorage():
                await records.release_storage(operation.storage_id)
            case operations.Resign():
                await records.resign()
            case operations.SeeReboot():
                await records.see_reboot(view)
            case operations.ClearResolved():
                await records.clear_resolved()
            case operations.Die():
                await self._die()
            case operations.Remove():
                await self._clean_up()
                await records.remove()
            case operations.Wait():
                pass

    async def _enter_scope(self, relation_id: int) -> None:
        try:
            await self._records.enter_scope(relation_id)
        except JujuError as error:
            if error.code not in (CANNOT_ENTER_SCOPE, CANNOT_ENTER_SCOPE_YET):
                raise
            await self._wake.wait()  # the other side, or what was here before, is on its way out

    async def _deploy(self, view: UnitView) -> None:
        records, paths = self._records, self._site.paths
        if records.local.charm_url:
            await records.save(local_state.upgrading(records.local))
        stream = await asyncio.to_thread(
            charmdir.stream,
            view.charm_archive,
            unit=self._unit,
            hook_tool=paths.hook_tool,
            tool_names=tools.NAMES,
            agent_conf=agentconf.unit(view, api_addresses=self._site.api_addresses),
            revision=view.charm_revision,
        )
        await self._inside(charmdir.SCRIPT, paths.juju, unit_tag(self._unit), stdin=stream)
        await records.deployed(view)

    async def _inside(self, script: str, *args: str, stdin: bytes | None = None) -> None:
        done = await self._site.substrate.exec(
            self._host.name,
            ['/bin/sh', '-c', script, *args],
            env={'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'LANG': 'C.UTF-8'},
            stdin=stdin,
            key=self._unit,
        )
        if done.returncode != 0:
            said = done.stderr.decode(errors='replace').strip()
            raise errors.Fault(f'cannot prepare machine {self._host.name} for unit {self._unit}: {said}')

    async def _run_hook(self, operation: operations.RunHook, view: UnitView) -> None:
        records, hook = self._records, operation.hook
        if records.local.failed_hook:
            self._timers.tried()
        if operation.resolved:
            self._timers.succeeded()
        await records.begin_hook(hook, resolved=operation.resolved)
        context = self._context(view, hook.name, hook=hook)
        self._hook = asyncio.ensure_future(self._runner.hook(context, hook.name))
        try:
            ran = await self._hook
        except asyncio.CancelledError:
            if context.reboot == 'now' and not _is_stopping():
                await records.requeue(hook, reboot=True)
                return
            # The daemon stops: that is no failure of the hook, which will run again.
            with contextlib.suppress(JujuError):  # a unit that was removed by force has nothing to note
                await asyncio.shield(records.requeue(hook))
            raise
        finally:
            self._hook = None
        if context.status_set and not records.local.status_set:
            await records.save(replace(records.local, status_set=True))
        if ran.killed:
            await records.requeue(hook)
            self._pause_s = RETRY_FIRST_S
        elif ran.returncode == 0:
            await self._commit(hook, context, view)
        # Else the state goes on saying that the hook has begun, which is what a failed one is.
        await self._log.flush()

    async def _run_command(self, view: UnitView) -> None:
        if (command := self._commands.next()) is None:
            return
        await self._records.show_executing('running commands')
        try:
            context = self._context(view, 'run-commands', hook=command.hook(view, self._records.local))
            ran = await self._runner.command(context, command.text)
            await self._records.keep(context.changes())
        except JujuError as error:
            command.fail(error.message)
        except errors.Fault as fault:
            command.fail(fault.message)
        else:
            command.finish(ran)

    async def _effect(self, effect: tools.Effect, context: HookContext) -> None:
        if isinstance(effect, tools.RebootNow) and (hook := self._hook) is not None:
            hook.cancel()
            await asyncio.wait({hook})  # an answer before its end would let it go on
        if isinstance(effect, tools.PlaceResource):
            await self._resources.place(effect.name)
        else:
            await self._records.perform(effect, context)

    async def _commit(self, hook: Hook, context: HookContext, view: UnitView) -> None:
        try:
            await self._records.commit_hook(hook, context.changes(), reboot=context.reboot == 'after')
        except JujuError as error:
            text = f'could not write settings from "{hook.name}" to the model: {error.message}'
            self._log.put('ERROR', OPERATION_LOG, text)
        else:
            self._timers.succeeded()
            self._timers.swallow_tick(view.update_status_interval_s)

    def _context(
        self, view: UnitView, name: str, *, hook: Hook | None = None, action: PendingAction | None = None
    ) -> HookContext:
        return HookContext(
            id=f'{self._unit}-{name}-{secrets.token_hex(8)}',
            view=view,
            local=self._records.local,
            reader=StateReader(self._site.state, self._model_uuid, self._unit, self._site.paths),
            hook=hook,
            action=action,
        )

    async def _die(self) -> None:
        try:
            await self._records.set_dead()
        except JujuError as error:
            if error.code != HAS_SUBORDINATES:
                raise
            await self._wake.wait()

    async def _clean_up(self) -> None:
        """Take the unit's folders off the machine, which may be used by others."""
        paths = self._site.paths
        await self._inside('rm -rf -- "$0" "$1"', paths.agent(self._unit), paths.tools(self._unit))


def _is_stopping() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
