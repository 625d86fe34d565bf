"""Watches: what has become of the objects of a kind since a client last looked, event by event."""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pocket.api.kube.objects import Document
from pocket.state import State

Known = Mapping[str, Document]
"""Objects of a kind by name."""

_KEPT = 256
_LONGEST_S = 3600.0


@dataclass(slots=True)
class Told:
    """Which objects there were at the versions that clients were last told of."""

    _known: OrderedDict[tuple[str, str], Known] = field(default_factory=OrderedDict[tuple[str, str], Known])

    def remember(self, kind: str, version: str, known: Known) -> None:
        """Note what there was of a *kind* when *version* was told."""
        self._known[kind, version] = known
        self._known.move_to_end((kind, version))
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)

    def find(self, kind: str, version: str) -> Known | None:
        """What there was then; None when that is too long ago to be known."""
        return self._known.get((kind, version))


def by_name(shown: Sequence[Document]) -> Known:
    """*shown* by name."""
    return {one['metadata']['name']: one for one in shown}


def changes(
    before: Known, now: Known, *, is_meant: Callable[[Document], bool]
) -> Iterator[tuple[str, Document]]:
    """What happened between *before* and *now* to the objects that are meant, as types of events have it."""
    for name in sorted({*before, *now}):
        old, new = before.get(name), now.get(name)
        was = old if old is not None and is_meant(old) else None
        this = new if new is not None and is_meant(new) else None
        if was is not None and this is not None and was['metadata'].get('uid') != this['metadata'].get('uid'):
            yield 'DELETED', was
            was = None
        if this is None:
            if was is not None:
                yield 'DELETED', was
        elif was is None:
            yield 'ADDED', this
        elif was != this:
            yield 'MODIFIED', this


async def events(
    state: State,
    read: Callable[[], Sequence[Document]],
    told: Told,
    *,
    kind: str,
    before: Known,
    is_meant: Callable[[Document], bool],
    render: Callable[[Document], Any],
    timeout_s: float = 0.0,
) -> AsyncGenerator[bytes]:
    """The lines of one watch; it ends after *timeout_s*, or after an hour.

    Args:
        before: What the client knows.
        render: An object as the client wants it.
    """
    watch = state.watch('model', 'status')
    deadline = asyncio.get_running_loop().time() + min(timeout_s or _LONGEST_S, _LONGEST_S)
    try:
        while True:
            try:
                async with asyncio.timeout_at(deadline):
                    await watch.changed()
            except TimeoutError:
                return
            now = by_name(read())
            for event, shown in changes(before, now, is_meant=is_meant):
                told.remember(kind, shown['metadata']['resourceVersion'], now)
                yield json.dumps({'type': event, 'object': render(shown)}).encode() + b'\n'
            before = now
    finally:
        watch.close()
