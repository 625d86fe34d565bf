"""Relations in every form that bundles write them, as pairs of endpoints without repetitions."""

from __future__ import annotations

from collections.abc import Iterator

from hoodoo import model
from hoodoo.bundle.reading import tree, words
from hoodoo.bundle.wanted import findings

_AT = 'relations'
_HINT = 'Write ["application:endpoint", "other:endpoint"].'


def read(raw: object, found: findings.Findings) -> tuple[model.WantedRelation, ...]:
    """Return the relations of a bundle; what is wrong with them goes to *found*."""
    if isinstance(raw, tree.Table):
        pairs = _weighted(raw, found)
    elif isinstance(raw, tree.Row):
        pairs = _listed(raw, found)
    else:
        if raw is not None:
            found.problem((_AT,), 'relations are not a list', _HINT)
        return ()
    wanted: dict[model.WantedRelation, None] = {}
    for at, one, other in pairs:
        # The same pair whichever way round it was written; the first place counts.
        ends = sorted((_endpoint(one), _endpoint(other)))
        place = found.chosen.at(at)
        relation = model.WantedRelation(
            one=ends[0], other=ends[1], file=place.file, line=place.line, column=place.column
        )
        wanted.setdefault(relation)
    return tuple(wanted)


_Pairs = Iterator[tuple[tree.Path, str, str]]


def _listed(raw: tree.Row, found: findings.Findings) -> _Pairs:
    """``[a, b]``, and ``[a, [b, c]]`` for two."""
    for index, entry in enumerate(raw):
        at = (_AT, str(index))
        if not isinstance(entry, tree.Row) or len(entry) != 2 or not isinstance(entry[0], str):
            found.problem(at, f'relation {index + 1} is not a pair of endpoints', _HINT)
            continue
        others = entry[1] if isinstance(entry[1], tree.Row) else [entry[1]]
        for other in others:
            if isinstance(other, str) and other and entry[0]:
                yield at, entry[0], other
            else:
                found.problem(at, f'relation {index + 1} is not a pair of endpoints', _HINT)


def _weighted(raw: tree.Table, found: findings.Findings) -> _Pairs:
    """juju-deployer's older form: ``application: {weight: n, consumes: [..]}``, the heaviest first."""
    weights: dict[str, int] = {}
    for name, entry in raw.items():
        weight = words.option_text(tree.mapping(entry).get('weight', 0))
        if not isinstance(entry, tree.Table):
            found.problem((_AT, name), f'relations of {name} are not a mapping', 'Write consumes: [..].')
        elif not weight.lstrip('-').isdecimal():
            found.problem(
                (_AT, name, 'weight'), f'weight "{weight}" is not a number', 'Write a whole number.'
            )
        else:
            weights[name] = int(weight)
    for name in sorted(weights, key=lambda name: -weights[name]):
        for index, other in enumerate(words.strings(raw[name].get('consumes'))):
            yield (_AT, name, 'consumes', str(index)), name, other


def _endpoint(text: str) -> model.Endpoint:
    application, _, name = text.partition(':')
    return model.Endpoint(application=application, name=name)
