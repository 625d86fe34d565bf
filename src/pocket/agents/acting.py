"""Runs the actions and commands that clients ask a unit for, and ends those that a client cancels."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any, Protocol

from pocket.agents import actions
from pocket.agents.context import HookContext
from pocket.agents.hooks import HookRunner, Ran
from pocket.agents.records import Records
from pocket.model import ActionResult, PendingAction, UnitView
from pocket.services.errors import JujuError

_EXEC = 'juju-exec'
"""The name of an action that runs a command."""


class MakeContext(Protocol):
    """Makes the context of a run."""

    def __call__(self, view: UnitView, name: str, *, action: PendingAction) -> HookContext: ...


class Acting:
    """Runs a unit's actions, one when it is told to."""

    def __init__(
        self, records: Records, runner: HookRunner, make_context: MakeContext, wake: asyncio.Event
    ) -> None:
        """Act for the unit of *records*; *wake* is set when the model changes."""
        self._records = records
        self._runner = runner
        self._make_context = make_context
        self._wake = wake

    async def run(self, action: PendingAction, view: UnitView) -> None:
        """Run *action* to its end; a failure of its own is its result."""
        is_command = action.name == _EXEC
        message = 'running commands' if is_command else f'running action {action.name}'
        try:
            await self._records.begin_action(action.id, message)
        except JujuError as error:  # it was cancelled meanwhile
            result = ActionResult(status='aborted' if action.cancel else 'failed', message=error.message)
            await self._records.end_action(action.id, result, None)
            return
        context = self._make_context(view, action.name, action=action)
        if is_command:
            verdict = await self._command(context, action)
        elif action.name in view.charm.actions:
            ran = await self._cancellable(self._runner.action(context, action.name), action.id)
            verdict = actions.judge_action(context, ran) if ran else None
        else:
            verdict = actions.Verdict(result=actions.not_implemented(view.unit), keep=False)
        verdict = verdict or actions.Verdict(result=actions.ABORTED, keep=False)
        await self._end(action.id, verdict, context)

    async def _command(self, context: HookContext, action: PendingAction) -> actions.Verdict | None:
        timeout_ns = int(action.parameters.get('timeout') or 0)
        script = str(action.parameters.get('command', ''))
        try:
            async with asyncio.timeout(timeout_ns / 1e9 if timeout_ns else None):
                ran = await self._cancellable(self._runner.command(context, script), action.id)
        except TimeoutError:
            return actions.Verdict(result=actions.TIMED_OUT, keep=False)
        return actions.judge_command(ran) if ran else None

    async def _end(self, action_id: str, verdict: actions.Verdict, context: HookContext) -> None:
        changes = context.changes() if verdict.keep else None
        if context.status_set:
            self._records.local = replace(self._records.local, status_set=True)
        try:
            await self._records.end_action(action_id, verdict.result, changes)
        except JujuError as error:
            result = actions.not_kept(verdict.result, error.message)
            await self._records.end_action(action_id, result, None)

    async def _cancellable(self, run: Coroutine[Any, Any, Ran], action_id: str) -> Ran | None:
        """Await *run*; kill it and return None when the client asks for the action's end."""
        task = asyncio.ensure_future(run)
        try:
            while not task.done():
                woken = asyncio.ensure_future(self._wake.wait())
                try:
                    await asyncio.wait({task, woken}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    woken.cancel()
                self._wake.clear()
                if not task.done() and self._cancel_asked(action_id):
                    return None
            return task.result()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            self._wake.set()

    def _cancel_asked(self, action_id: str) -> bool:
        view = self._records.view()
        return view is not None and any(action.cancel for action in view.actions if action.id == action_id)
