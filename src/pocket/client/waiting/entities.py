"""The model's own news, entity by entity."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from bedrock import errors
from pocket.client import faults, shape
from pocket.client.context import Session

Json = dict[str, Any]
Entities = dict[tuple[str, str], Json]
"""Document by kind and id."""

_MACHINE_S = 60.0
_ID = {
    'machine': 'id',
    'relation': 'id',
    'action': 'id',
    'model': 'model-uuid',
    'charm': 'charm-url',
    'annotation': 'tag',
    'applicationOffer': 'offer-name',
}


def watch(session: Session, *, timeout_s: float) -> Iterator[Entities]:
    """Everything in the model, at first and after each change; the same mapping, brought up to date.

    Raises:
        TimedOut: *timeout_s* passed.
    """
    deadline = time.monotonic() + timeout_s
    watcher = str(session.call('Client', 'WatchAll').get('watcher-id'))
    found: Entities = {}
    while True:
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            raise faults.TimedOut('the time is over')
        answer = session.api.call('AllWatcher', 'Next', watcher=watcher, timeout_s=left_s)
        deltas: list[list[Any]] = answer.get('deltas') or []
        for kind, what, document in deltas:
            key = (str(kind), str(shape.mapping(document).get(_ID.get(kind, 'name')) or ''))
            if what == 'remove':
                found.pop(key, None)
            else:
                found[key] = document
        yield found


def first(session: Session, look: Callable[[Entities], str], *, timeout_s: float, what: str) -> str:
    """The first answer of *look* that is not empty, asked again whenever the model changes.

    Raises:
        Fault: there was none in *timeout_s*; the error says *what* was waited for.
    """
    try:
        for found in watch(session, timeout_s=timeout_s):
            answer = look(found)
            if answer:
                return answer
    except faults.TimedOut:
        raise errors.Fault(f'timed out waiting for {what}') from None
    raise AssertionError('the stream ends only by an error')


def machine_of(session: Session, unit: str) -> str:
    """The machine of a unit, as soon as it has one."""
    return first(
        session,
        lambda found: str(found.get(('unit', unit), {}).get('machine-id') or ''),
        timeout_s=_MACHINE_S,
        what=f'the machine of unit "{unit}"',
    )
