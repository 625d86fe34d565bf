"""What a person is told when they enter an environment."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from hoodoo import wording
from hoodoo.fleet import checkout
from hoodoo.inventory.environment import Environment
from hoodoo.inventory.state import State

__all__ = ['lines']

Ago = Callable[[int], str]
"""From a time in milliseconds since 1970: how a person says it."""


def lines(
    environment: Environment,
    state: State,
    *,
    model: str,
    account: str,
    place: checkout.Checkout | None,
    write: bool,
    reason: str,
    ago: Ago,
) -> Iterator[str]:
    """Where one is, what was seen there last, what one may do."""
    rows = {
        'model': f'{model}, as {account}',
        'spec': _spec(place) if place else 'none' if not environment.spec else 'not checked out',
        'state': _state(state, ago),
        'last run': _run(state, ago),
        'drift': _drift(state, ago),
        'runbook': environment.runbook,
        'owners': ', '.join(environment.owners),
    }
    for name, text in rows.items():
        if text:
            yield f'{name:<10}{text}'
    if write:
        yield f'You may change it, and all is written down: {reason}'
    else:
        yield f'Read-only. To change something: hoodoo env connect {environment.name} --write --reason "..."'


def _spec(place: checkout.Checkout) -> str:
    at = f' at {place.revision[:12]}' if place.revision else ''
    return f'{place.spec}{at}, in {place.folder}'


def _state(state: State, ago: Ago) -> str:
    if state.seen_ms is None:
        return 'nobody has looked yet: hoodoo env status'
    parts = [
        wording.counted(state.applications, 'application'),
        wording.counted(state.units, 'unit'),
        # On Kubernetes there are none.
        *([wording.counted(state.machines, 'machine')] if state.machines else []),
    ]
    why = f' ({state.why})' if state.why else ''
    return f'{state.health.value}{why}, {", ".join(parts)}, seen {ago(state.seen_ms)}'


def _run(state: State, ago: Ago) -> str:
    if not state.run:
        return 'none from here'
    when = f', {ago(state.run_ms)}' if state.run_ms is not None else ''
    return f'{state.run} {state.run_outcome}{when}: hoodoo log {state.run}'


def _drift(state: State, ago: Ago) -> str:
    if state.drift is None or state.drift_ms is None:
        return 'nobody has looked yet: hoodoo drift'
    if not state.drift:
        return f'none, seen {ago(state.drift_ms)}'
    return f'{wording.counted(state.drift, "difference")}, seen {ago(state.drift_ms)}: hoodoo drift'
