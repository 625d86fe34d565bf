"""Traces: what was seen of a model, moment by moment, while it noticed changes; kept as JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from hoodoo import model
from hoodoo.readiness import changes

FOLDER = Path(__file__).parents[3] / 'data' / 'hoodoo' / 'traces'


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One look at the model."""

    at: float
    """Seconds by the clock of who looked."""
    seen: model.ModelSnapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Looks at a model until nothing happened any more."""

    frames: tuple[Frame, ...]
    acted: float = 0.0
    """When the last change was made: a wait begins then."""
    grown: tuple[changes.Grown, ...] = ()
    altered: tuple[changes.Altered, ...] = ()
    related: tuple[changes.Related, ...] = ()
    retried: tuple[changes.Retried, ...] = ()

    @property
    def changes(self) -> tuple[changes.Change, ...]:
        return (*self.grown, *self.altered, *self.related, *self.retried)

    @property
    def last_move(self) -> int:
        """The first frame that shows what all later ones show: before it, the model had work to do."""
        final = _timeless(self.frames[-1].seen)
        return 1 + max((i for i, f in enumerate(self.frames) if _timeless(f.seen) != final), default=-1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """A frame as its difference from the one before."""

    at: float
    now_ms: int
    applications: dict[str, model.Application] = field(default_factory=dict[str, model.Application])
    machines: dict[str, model.Machine] = field(default_factory=dict[str, model.Machine])
    relations: tuple[model.Relation, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    acted: float
    changes: dict[str, tuple[object, ...]]
    frames: list[_Kept]


def save(trace: Trace, path: Path) -> None:
    """Write *trace*; what only grows, such as the model's name, is not kept."""
    kept: list[_Kept] = []
    last = model.ModelSnapshot(name='', now_ms=0)
    for frame in trace.frames:
        seen = frame.seen
        kept.append(
            _Kept(
                at=round(frame.at, 3),
                now_ms=seen.now_ms,
                applications={n: a for n, a in seen.applications.items() if last.applications.get(n) != a},
                machines={n: m for n, m in seen.machines.items() if last.machines.get(n) != m},
                relations=seen.relations if seen.relations != last.relations else None,
            )
        )
        last = seen
    kinds = {name: getattr(trace, name) for name in ('grown', 'altered', 'related', 'retried')}
    encoded = msgspec.json.encode(
        _File(acted=trace.acted, changes={k: v for k, v in kinds.items() if v}, frames=kept)
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encoded + b'\n')


def load(path: Path) -> Trace:
    """Read what `save` wrote."""
    file = msgspec.json.decode(path.read_bytes(), type=_File)
    made = file.changes
    return Trace(
        frames=tuple(frame for frame in _frames(file.frames) if frame.at >= file.acted),
        acted=file.acted,
        grown=msgspec.convert(made.get('grown', ()), tuple[changes.Grown, ...]),
        altered=msgspec.convert(made.get('altered', ()), tuple[changes.Altered, ...]),
        related=msgspec.convert(made.get('related', ()), tuple[changes.Related, ...]),
        retried=msgspec.convert(made.get('retried', ()), tuple[changes.Retried, ...]),
    )


def _frames(kept: Sequence[_Kept]) -> Iterator[Frame]:
    seen = model.ModelSnapshot(name='m', now_ms=0)
    for one in kept:
        seen = dataclasses.replace(
            seen,
            now_ms=one.now_ms,
            applications={**seen.applications, **one.applications},
            machines={**seen.machines, **one.machines},
            relations=seen.relations if one.relations is None else one.relations,
        )
        yield Frame(at=one.at, seen=seen)


def _timeless(seen: model.ModelSnapshot) -> model.ModelSnapshot:
    return dataclasses.replace(seen, now_ms=0)
