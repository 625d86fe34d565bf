"""What an action or a command that has ended means: its result, and whether its changes are kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pocket.agents.context import HookContext
from pocket.agents.hooks import Found, Ran
from pocket.model import ActionResult

MAX_OUTPUT = 4 * 2**20
"""Characters of an output that are kept as a result; its end says more than its middle."""

ABORTED = ActionResult(status='aborted', message='action aborted')
TIMED_OUT = ActionResult(status='failed', message='command timed out')
NOT_KEPT = 'committing requested changes failed'


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How an action ended and what becomes of the changes that it asked for."""

    result: ActionResult
    keep: bool


def judge_action(context: HookContext, ran: Ran) -> Verdict:
    """Judge a script: a non-zero exit drops its changes and outranks what action-fail said."""
    if ran.found in (Found.MISSING, Found.GONE):
        return Verdict(result=not_implemented(context.view.unit), keep=False)
    results = {**context.action_results, **_outputs(ran)}
    if ran.returncode != 0:
        return Verdict(result=ActionResult(status='failed', message=ran.ending, results=results), keep=False)
    status = 'failed' if context.action_failed else 'completed'
    return Verdict(
        result=ActionResult(status=status, message=context.action_message, results=results), keep=True
    )


def judge_command(ran: Ran) -> Verdict:
    """Judge a command: it is complete whatever its exit status, which its results tell."""
    return Verdict(result=ActionResult(status='completed', results=_outputs(ran)), keep=True)


def not_kept(result: ActionResult, error: str) -> ActionResult:
    """The result of an action whose changes were refused."""
    results: Mapping[str, Any] = {
        **result.results,
        'return-code': 1,
        'stderr': f'{result.results.get("stderr", "")}{error}\n',
    }
    return ActionResult(status='failed', message=result.message or NOT_KEPT, results=results)


def not_implemented(unit: str) -> ActionResult:
    """The result of an action that the charm does not have."""
    return ActionResult(status='failed', message=f'action not implemented on unit "{unit}"')


def _outputs(ran: Ran) -> dict[str, Any]:
    outputs = {'stdout': _bounded(ran.stdout), 'stderr': _bounded(ran.stderr)}
    return {'return-code': ran.returncode, **{key: text for key, text in outputs.items() if text}}


def _bounded(text: str) -> str:
    return text if len(text) <= MAX_OUTPUT else f'[{len(text) - MAX_OUTPUT} left out]\n{text[-MAX_OUTPUT:]}'
