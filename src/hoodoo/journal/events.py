"""What happens during a run, as data. The journal keeps it as JSON; renderers read the same objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import msgspec
import msgspec.structs


class RunStarted(msgspec.Struct, frozen=True, kw_only=True, tag='run-started'):
    """A run begins; all its lines were found to be fine."""

    run: int
    spec: str
    stage: str
    project: str
    workspace: str
    series: str
    manifest: str
    phases: tuple[str, ...]
    """Their titles, in order."""


class RunResumed(msgspec.Struct, frozen=True, kw_only=True, tag='run-resumed'):
    """A run that had ended before its last phase goes on, in another process."""

    run: int
    spec: str
    stage: str
    phases: tuple[str, ...]
    first: int
    """The phase that it goes on with; those before it are completed."""


class SpecReady(msgspec.Struct, frozen=True, kw_only=True, tag='spec-ready'):
    """The workspace has its copy of the spec."""

    digest: str
    """Of the spec as its author kept it at that moment."""


class ModelReady(msgspec.Struct, frozen=True, kw_only=True, tag='model-ready'):
    """The Juju model that the run works on is there."""

    model: str


class PhaseStarted(msgspec.Struct, frozen=True, kw_only=True, tag='phase-started'):
    """The phase with this index begins."""

    phase: int
    title: str


class Note(msgspec.Struct, frozen=True, kw_only=True, tag='note'):
    """Something that a phase, or the run itself (-1), says."""

    phase: int
    text: str


class Line(msgspec.Struct, frozen=True, kw_only=True, tag='line'):
    """One line that a program of the spec printed."""

    phase: int
    text: str
    stream: str


class Step(msgspec.Struct, frozen=True, kw_only=True, tag='step'):
    """A change to the model is started, done or failed."""

    phase: int
    text: str
    state: str


class Waiting(msgspec.Struct, frozen=True, kw_only=True, tag='waiting'):
    """What a phase waits for now; empty when for nothing more."""

    phase: int
    reasons: tuple[str, ...]


class Progress(msgspec.Struct, frozen=True, kw_only=True, tag='progress'):
    """A state of the moment; not kept."""

    phase: int
    text: str


class PhaseEnded(msgspec.Struct, frozen=True, kw_only=True, tag='phase-ended'):
    """The phase is done, failed, cancelled, or skipped: a stop-on ended the run, or a person said so."""

    phase: int
    title: str
    outcome: str
    seconds: float
    summary: str = ''
    changes: int = 0
    stop: bool = False
    """The run is done with this phase: those after it are left out."""


class RunEnded(msgspec.Struct, frozen=True, kw_only=True, tag='run-ended'):
    """The run is done, failed or cancelled."""

    run: int
    outcome: str
    seconds: float
    changes: int = 0
    error: str = ''
    again: tuple[str, ...] = ()
    """Commands that carry on from here or repeat what failed."""


Event = (
    RunStarted
    | RunResumed
    | SpecReady
    | ModelReady
    | PhaseStarted
    | Note
    | Line
    | Step
    | Waiting
    | Progress
    | PhaseEnded
    | RunEnded
)


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """An event, when it happened and its place in its run."""

    seq: int
    at_ms: int
    """UTC."""
    event: Event


def encode(event: Event | Record) -> bytes:
    """JSON on one line."""
    return msgspec.json.encode(event)


def decode(text: str) -> Event:
    """Read back what `encode` wrote."""
    return msgspec.json.decode(text, type=Event)


_NAMES = frozenset(
    ('stage', 'project', 'workspace', 'series', 'manifest', 'model', 'digest', 'outcome', 'state', 'stream')
)
"""Fields that name things or are one of few words."""


def masked(event: Event, mask: Callable[[str], str]) -> Event:
    """*event* with *mask* applied to every text in it that somebody wrote or a program printed."""
    changed = {
        name: _masked(value, mask)
        for name, value in msgspec.structs.asdict(event).items()
        if name not in _NAMES and isinstance(value, str | tuple)
    }
    return msgspec.structs.replace(event, **changed) if changed else event


def _masked(value: Any, mask: Callable[[str], str]) -> Any:
    match value:
        case str():
            return mask(value)
        case tuple():
            return tuple(_masked(inner, mask) for inner in cast('tuple[Any, ...]', value))
        case msgspec.Struct():
            fields = msgspec.structs.asdict(value)
            return msgspec.structs.replace(value, **{k: _masked(v, mask) for k, v in fields.items()})
        case _:
            return value
