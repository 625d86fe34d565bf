"""Hooks about secrets: which is due, and what they are told."""

from __future__ import annotations

from pocket.agents.local import Hook
from pocket.model import UnitView
from pocket.model.secrets import SecretEvent, uri

_WITH_REVISION = frozenset({'secret-expired', 'secret-remove'})


def due_hook(view: UnitView) -> Hook | None:
    """The next hook about a secret, or None."""
    event = next(iter(view.secrets.due), None)
    return Hook(kind=event.kind, secret=event) if event else None


def environment(event: SecretEvent) -> dict[str, str]:
    """The variables of the hook that tells of *event*."""
    env = {'JUJU_SECRET_ID': uri(event.id, event.source), 'JUJU_SECRET_LABEL': event.label}
    if event.kind in _WITH_REVISION:
        env['JUJU_SECRET_REVISION'] = str(event.revision)
    return env


def shown(event: SecretEvent) -> str:
    """What status says that the hook is for."""
    return (
        f'{uri(event.id, event.source)}/{event.revision}'
        if event.kind in _WITH_REVISION
        else uri(event.id, event.source)
    )
