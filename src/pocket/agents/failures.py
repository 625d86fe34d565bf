"""What a model shows of an agent that failed: a line in its log and, of a unit's agent, a status."""

from __future__ import annotations

from bedrock import errors
from pocket.services import logs, statuses, uniter
from pocket.state import Tx

_MODULE = 'juju.worker.dependency'


def text(error: Exception) -> str:
    """What a person is told of *error*; what is no fault that pocket knows of is in the daemon's log."""
    return error.message if isinstance(error, errors.Fault) else 'internal error, see the log of the daemon'


def note(tx: Tx, model_uuid: str, name: str, message: str) -> None:
    """Show that the agent called *name* (``unit app/0``, ``machine 0``) failed and will be started again."""
    kind, _, entity = name.partition(' ')
    logs.append(
        tx,
        model_uuid,
        entity=f'{kind}-{entity.replace("/", "-")}',
        severity='ERROR',
        module=_MODULE,
        message=f'the agent of {name} failed: {message}',
    )
    shown = statuses.get(tx, model_uuid, 'agent', entity)
    # A hook that failed comes first: "juju resolved" is about that.
    if kind == 'unit' and (shown is None or shown.value != 'error'):
        uniter.set_agent_status(tx, model_uuid, entity, 'failed', 'resolver loop error')
