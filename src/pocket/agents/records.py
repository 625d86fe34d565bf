"""Writes of one unit's agent: each is one transaction, so that a crash leaves all of it or nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from pocket.agents import local as local_state
from pocket.agents import secrets, tools
from pocket.agents.context import HookContext
from pocket.agents.local import Hook, LocalState, Step
from pocket.agents.logsink import LogSink
from pocket.model import ActionResult, HookChanges, UnitView
from pocket.services import uniter
from pocket.services.secrets import events, tracking
from pocket.state import State, Tx

_BEFORE = {
    'install': ('maintenance', 'installing charm software'),
    'stop': ('maintenance', 'stopping charm software'),
    'remove': ('maintenance', 'cleaning up prior to charm deletion'),
}


class Records:
    """The pen of one unit's agent."""

    def __init__(self, state: State, model_uuid: str, unit: str, log: LogSink) -> None:
        self._state = state
        self._of = (model_uuid, unit)
        self._log = log
        self._shown = ''
        self.local = LocalState()
        """What the agent has done, as it is saved."""

    def view(self) -> UnitView | None:
        """What the model says now; None once the unit is removed."""
        return self._state.read(uniter.view, *self._of)

    def load(self, view: UnitView) -> None:
        """Remember what an earlier agent of this unit saved.

        Leader settings are not among it: a follower hears of them once from each agent, as in Juju.
        """
        self.local = replace(local_state.decode(view.agent_state), leader_settings_version=-1)

    async def save(self, local: LocalState, *more: Callable[[Tx], object]) -> None:
        """Save *local* and do *more* with it."""
        text = local_state.encode(local)

        def work(tx: Tx) -> None:
            uniter.save_state(tx, *self._of, text)
            for step in more:
                step(tx)

        await self._state.write(work)
        self.local = local

    async def claim_leadership(self) -> bool:
        """Become the leader if there is none."""
        return await self._state.write(uniter.claim_leadership, *self._of)

    async def enter_scope(self, relation_id: int) -> None:
        await self._state.write(uniter.enter_scope, *self._of, relation_id)

    async def leave_scope(self, relation_id: int) -> None:
        await self._state.write(uniter.leave_scope, *self._of, relation_id)

    async def release_storage(self, storage_id: str) -> None:
        await self._state.write(uniter.release_storage, *self._of, storage_id)

    async def resign(self) -> None:
        """Give the leadership up, or note that it is lost."""
        await self.save(local_state.deposed(self.local), lambda tx: uniter.resign_leadership(tx, *self._of))

    async def see_reboot(self, view: UnitView) -> None:
        """Note which run of the machine this is."""
        await self.save(replace(self.local, boot_id=view.surroundings.boot_id))

    async def clear_resolved(self) -> None:
        await self._state.write(uniter.clear_resolved, *self._of)

    async def wake_others(self) -> None:
        """Have the other agents of the model look again."""
        await self._state.write(lambda tx: tx.touch(self._of[0]))

    async def set_dead(self) -> None:
        await self._state.write(uniter.set_dead, *self._of)

    async def remove(self) -> None:
        await self._state.write(uniter.remove_unit, *self._of)

    async def show_initialising(self) -> None:
        """Tell that the agent is up before the charm has anything to say."""
        await self._state.write(uniter.set_unit_status, *self._of, 'waiting', 'agent initialising')

    async def deployed(self, view: UnitView) -> None:
        """The charm of *view* is in the machine."""
        await self.save(
            local_state.deployed(self.local, view),
            lambda tx: uniter.set_charm(tx, *self._of, view.charm_url),
        )

    async def begin_hook(self, hook: Hook, *, resolved: bool) -> None:
        """Note that *hook* starts, and show it; update-status shows only when it was in error."""
        shows = hook.kind != 'update-status' or self.local.failed_hook is not None

        def work(tx: Tx) -> None:
            if resolved:
                uniter.clear_resolved(tx, *self._of)
            if shows:
                subject = secrets.shown(hook.secret) if hook.secret else hook.remote_unit
                about = f' for {subject}' if subject else ''
                uniter.set_agent_status(tx, *self._of, 'executing', f'running {hook.name} hook{about}')
            if hook.kind in _BEFORE:
                uniter.set_unit_status(tx, *self._of, *_BEFORE[hook.kind])

        if shows:
            self._shown = ''
        await self.save(local_state.begun(self.local, hook), work)

    async def commit_hook(
        self, hook: Hook, changes: HookChanges, *, skipped: bool = False, reboot: bool = False
    ) -> None:
        """Keep what *hook* leaves behind, and its wish that the machine be rebooted.

        Raises:
            JujuError: the model refuses a change; nothing is kept.
        """
        local = local_state.committed(self.local, hook)
        text = local_state.encode(local)

        def work(tx: Tx) -> None:
            uniter.commit(tx, *self._of, changes, text)
            if hook.secret:
                events.told(tx, *self._of, hook.secret)
            if skipped:
                # The error ends with the request: an operator's force acts on whatever still shows one.
                uniter.clear_resolved(tx, *self._of)
                uniter.set_agent_status(tx, *self._of, 'executing', f'skipping {hook.name} hook')
            if reboot:
                uniter.ask_reboot(tx, *self._of)
            if hook.kind == 'start' and not local.status_set:
                uniter.set_unit_status(tx, *self._of, 'unknown')
            if hook.kind == 'stop':
                uniter.set_unit_status(tx, *self._of, 'terminated')

        await self._state.write(work)
        self.local = local
        if skipped:
            self._shown = ''

    async def show_rebooting(self) -> None:
        """Show that the machine's reboot is waited for."""
        await self._show('rebooting', '', {})

    async def requeue(self, hook: Hook, *, reboot: bool = False) -> None:
        """Have *hook*, which was killed, run again, after a reboot of the machine if it asked for that."""

        def work(tx: Tx) -> None:
            if reboot:
                uniter.ask_reboot(tx, *self._of)

        await self.save(replace(self.local, step=Step.QUEUED, hook=hook), work)

    async def show_executing(self, message: str) -> None:
        """Show what the agent does, when no hook or action is about to show it."""
        await self._show('executing', message, {})

    async def keep(self, changes: HookChanges) -> None:
        """Keep what a command leaves behind.

        Raises:
            JujuError: the model refuses a change; nothing is kept.
        """
        text = local_state.encode(self.local)
        await self._state.write(uniter.commit, *self._of, changes, text)

    async def show_idle(self) -> None:
        """Show that there is nothing to do."""
        await self._show('idle', '', {})

    async def show_failed(self, hook: Hook) -> None:
        """Show that *hook* is in error."""
        data: dict[str, Any] = {'hook': hook.name}
        if hook.in_relation:
            data['relation-id'] = hook.relation_id
        if hook.remote_unit:
            data['remote-unit'] = hook.remote_unit
        await self._show('error', f'hook failed: "{hook.name}"', data)

    async def _show(self, value: str, message: str, data: Mapping[str, Any]) -> None:
        # A repeat would wake every agent of the model for nothing.
        shown = json.dumps([value, message, data])
        if shown != self._shown:
            await self._state.write(uniter.set_agent_status, *self._of, value, message, data)
            self._shown = shown

    async def begin_action(self, action_id: str, message: str) -> None:
        """Note that an action starts, and show it."""

        def work(tx: Tx) -> None:
            uniter.start_action(tx, self._of[0], action_id)
            uniter.set_agent_status(tx, *self._of, 'executing', message)

        self._shown = ''
        await self.save(local_state.acting(self.local, action_id), work)

    async def end_action(self, action_id: str, result: ActionResult, changes: HookChanges | None) -> None:
        """Note how an action ended, keeping *changes*.

        Raises:
            JujuError: the model refuses a change; nothing is kept.
        """
        await self.save(
            local_state.acted(self.local),
            lambda tx: uniter.finish_action(tx, self._of[0], action_id, result, changes),
        )

    async def perform(self, effect: tools.Effect, context: HookContext) -> None:
        """Do what a hook tool asks for at once."""
        write = self._state.write
        match effect:
            case tools.RebootNow():
                pass  # it is the agent that ends the hook
            case tools.PlaceResource():
                raise AssertionError('the machine is reached elsewhere')
            case tools.SetUnitStatus():
                await write(uniter.set_unit_status, *self._of, effect.value, effect.message)
            case tools.SetApplicationStatus():
                await write(uniter.set_application_status, *self._of, effect.value, effect.message)
            case tools.SetWorkloadVersion():
                await write(uniter.set_workload_version, *self._of, effect.version)
            case tools.SetLeaderSettings():
                await write(uniter.leader_set, *self._of, effect.changes)
            case tools.TrackSecret():
                await write(
                    tracking.begin, *self._of, effect.id, revision=effect.revision, label=effect.label
                )
            case tools.Log():
                self._log.put(effect.severity, f'unit.{self._of[1]}.juju-log', effect.message)
            case tools.LogAction():
                assert context.action is not None
                await write(uniter.log_action, self._of[0], context.action.id, effect.message)
