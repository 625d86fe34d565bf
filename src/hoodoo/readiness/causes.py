"""What blocks what: the reasons why a model is not ready as a tree, each cause below its effect. Pure."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from hoodoo import model
from hoodoo.readiness.unready import Reason, is_idle, machine_subject, relation_subject

_HELD_UP = frozenset({'waiting', 'blocked'})
_WORD = re.compile(r'[\w-]+')


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One line of the tree."""

    subject: str
    text: str
    since_ms: int | None = None
    causes: tuple[Node, ...] = ()


def tree(seen: model.ModelSnapshot, reasons: Sequence[Reason]) -> tuple[Node, ...]:
    """Return *reasons* as trees: application, unit, then the hook, machine or relation that it waits for.

    An application that another one waits for is shown below that one, and once only.
    """
    return tuple(_Grower(seen, reasons).trees())


def lines(nodes: Sequence[Node], when: Callable[[int], str], *, depth: int = 0) -> Iterator[str]:
    """Yield the trees as indented lines; *when* words the times."""
    for node in nodes:
        since = f', {when(node.since_ms)}' if node.since_ms is not None else ''
        text = f': {node.text}' if node.text else ''
        yield f'{"  " * depth}{node.subject}{text}{since}'
        yield from lines(node.causes, when, depth=depth + 1)


def moment(since_ms: int) -> str:
    """``since 10:20:30``, in the local zone: it stays the same while it lasts."""
    at = datetime.datetime.fromtimestamp(since_ms / 1000).astimezone()
    return f'since {at:%H:%M:%S}'


def age(now_ms: int) -> Callable[[int], str]:
    """A function that words times as ``for 12 min``, seen from *now_ms*."""

    def worded(since_ms: int) -> str:
        seconds = max(0, now_ms - since_ms) // 1000
        if seconds < 120:
            return f'for {seconds} s'
        return f'for {seconds // 60} min' if seconds < 7200 else f'for {seconds // 3600} h'

    return worded


@dataclass(slots=True)
class _Grower:
    """Grows the trees; what is in one already does not grow again."""

    seen: model.ModelSnapshot
    reasons: Sequence[Reason]
    _of: dict[str, list[Reason]] = field(default_factory=dict[str, list[Reason]], init=False)
    _shown: set[str] = field(default_factory=set[str], init=False)

    def __post_init__(self) -> None:
        for reason in self.reasons:
            self._of.setdefault(reason.subject, []).append(reason)

    def trees(self) -> Iterator[Node]:
        awaited = {name for name in self.seen.applications for name in self._awaited_by(name)}
        names = sorted(self.seen.applications, key=lambda name: (name in awaited, name))
        # First those that nobody waits for; what is left then waits in a circle.
        for name in names:
            if name not in self._shown and self._is_unready(name):
                yield from self._application(name)
        for reason in self.reasons:
            if reason.subject not in self._shown:
                yield Node(subject=reason.subject, text=reason.text, since_ms=reason.since_ms)

    def _application(self, name: str) -> Iterator[Node]:
        self._shown.add(name)
        there = self.seen.applications[name]
        own = [Node(subject=name, text=r.text, since_ms=r.since_ms) for r in self._of.get(name, ())]
        units = [self._unit(unit) for unit in there.units if unit.name in self._of]
        joining = [node for relation in self._relations_of(name) for node in self._joining(relation)]
        below = (*own, *units, *joining)
        if len(there.units) > 1 and units:
            yield Node(
                subject=name, text=f'{len(units)} of {len(there.units)} units are not ready', causes=below
            )
        else:
            yield from below

    def _unit(self, unit: model.Unit) -> Node:
        self._shown.add(unit.name)
        reasons = self._of[unit.name]
        return Node(
            subject=unit.name,
            text=', '.join(reason.text for reason in reasons),
            since_ms=reasons[0].since_ms,
            causes=tuple(self._causes(unit)),
        )

    def _causes(self, unit: model.Unit) -> Iterator[Node]:
        for reason in self._of.get(machine_subject(unit.machine), ()):
            yield self._once(Node(subject=reason.subject, text=reason.text, since_ms=reason.since_ms))
        for relation in self._held_up_by(unit):
            other = _other(relation, unit.application)
            yield Node(
                subject=relation_subject(relation),
                text=f'waits for {other}' + (', see above' if other in self._shown else ''),
                causes=tuple(self._application(other)) if other not in self._shown else (),
            )

    def _joining(self, relation: model.Relation) -> Iterator[Node]:
        subject = relation_subject(relation)
        if subject not in self._shown:
            for reason in self._of.get(subject, ()):
                yield self._once(Node(subject=subject, text=reason.text, since_ms=reason.since_ms))

    def _once(self, node: Node) -> Node:
        self._shown.add(node.subject)
        return node

    def _awaited_by(self, name: str) -> Iterator[str]:
        for unit in self.seen.applications[name].units:
            if unit.name in self._of:
                yield from (_other(relation, name) for relation in self._held_up_by(unit))

    def _held_up_by(self, unit: model.Unit) -> list[model.Relation]:
        """The relations of which the other side is not ready, if *unit*'s charm says that it waits.

        When it names some of them, it waits for these.
        """
        if unit.workload.value not in _HELD_UP or not is_idle(unit.agent):
            return []  # before its hooks ran, "waiting" is Juju's word and not the charm's
        candidates = [r for r in self._relations_of(unit.application) if self._side_is_unready(r, unit)]
        words = set(_WORD.findall(unit.workload.message.lower()))
        named = [r for r in candidates if words & _names(r, unit.application)]
        return named or candidates

    def _side_is_unready(self, relation: model.Relation, unit: model.Unit) -> bool:
        other = _other(relation, unit.application)
        return other != unit.application and self._is_unready(other)

    def _is_unready(self, name: str) -> bool:
        there: Mapping[str, model.Application] = self.seen.applications
        if name not in there:
            return False
        return name in self._of or any(unit.name in self._of for unit in there[name].units)

    def _relations_of(self, name: str) -> list[model.Relation]:
        return [r for r in self.seen.relations if any(end.application == name for end in r.endpoints)]


def _other(relation: model.Relation, application: str) -> str:
    """The application on the other side; the same one for a peer relation."""
    return next(
        (end.application for end in relation.endpoints if end.application != application), application
    )


def _names(relation: model.Relation, application: str) -> set[str]:
    """The words by which a charm of *application* may speak of *relation*."""
    own = {end.name for end in relation.endpoints if end.application == application}
    return {*own, _other(relation, application)} - {''}
