"""The workload states that a user may call ready."""

from __future__ import annotations

from hoodoo import wording

STATES = ('active', 'blocked', 'maintenance', 'unknown', 'waiting')


def hint(state: str) -> str:
    """What to write in place of *state*, which is none of them."""
    if state == 'error':
        return 'A unit in error is never ready; retry-errors lets Juju retry its hook that often.'
    return f'{wording.guess(state, STATES)} Known states: {", ".join(STATES)}.'.strip()
