"""Which relations are there, found quickly among many."""

from __future__ import annotations

from collections.abc import Iterable

from hoodoo import model

Pair = tuple[model.Endpoint, model.Endpoint]


def pairs(relations: Iterable[model.Relation]) -> tuple[Pair, ...]:
    """The two sides of each of *relations*; peer relations have but one, and are left out."""
    ends = (relation.endpoints for relation in relations)
    return tuple((both[0], both[1]) for both in ends if len(both) == 2)


class Relations:
    """Relations by the pair of applications that they join."""

    def __init__(self, relations: Iterable[Pair]) -> None:
        self._by_pair: dict[frozenset[str], list[Pair]] = {}
        for one, other in relations:
            pair = frozenset((one.application, other.application))
            self._by_pair.setdefault(pair, []).append((one, other))

    def has(self, one: model.Endpoint, other: model.Endpoint) -> bool:
        """Whether *one* and *other*, of which either may leave its endpoint open, are related."""
        return any(
            (one.matches(left) and other.matches(right)) or (one.matches(right) and other.matches(left))
            for left, right in self._by_pair.get(frozenset((one.application, other.application)), ())
        )
