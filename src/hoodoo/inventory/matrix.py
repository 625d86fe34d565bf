"""What a file says of its environments: by clouds, regions and stages, or one by one. Pure."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from bedrock.errors import Problem
from hoodoo import wording
from hoodoo.inventory import templates
from hoodoo.inventory.documents import Row, Table

AXES = ('service', 'cloud', 'region', 'stage')
_NOT_FIELDS = frozenset({'matrix', 'environments', 'clouds', 'stages', 'exclude', 'set', 'when'})


@dataclass(frozen=True, slots=True)
class Layer:
    """Fields, and the file that says so."""

    file: Path
    table: Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One environment before anything is filled in."""

    layers: tuple[Layer, ...]
    """Later ones win."""
    file: Path
    line: int
    """Where it is made, or corrected."""
    group: Table | None = None
    """The matrix that made it."""
    single: Table | None = None
    """The entry of ``environments`` that made or corrected it."""

    def values(self) -> dict[str, Any]:
        """What is said of it: labels of all layers, else the last word."""
        found: dict[str, Any] = {}
        for layer in self.layers:
            for key, value in layer.table.items():
                if key in _NOT_FIELDS:
                    continue
                if value is None:
                    found.pop(key, None)
                elif key == 'labels':
                    merged = {**found.get(key, {}), **value}
                    found[key] = {name: text for name, text in merged.items() if text is not None}
                else:
                    found[key] = value
        return found

    def said(self, key: str, label: str = '') -> tuple[Path, int] | None:
        """Where *key* (of labels, *label*) got its value; None where nothing says it."""
        for layer in reversed(self.layers):
            table = layer.table
            if key in table and label:
                labels: object = table[key]
                if isinstance(labels, Table) and label in labels:
                    return layer.file, labels.lines[label]
            elif key in table:
                return None if table[key] is None else (layer.file, table.lines[key])
        return None


def drafts(document: Table, file: Path, above: Sequence[Layer]) -> tuple[list[Draft], list[Problem]]:
    """All that *document* describes, over the defaults *above*.

    Its shape is what the schema asks for.
    """
    problems: list[Problem] = []
    base = (*above, Layer(file, document))
    found = [one for table in _rows(document, 'matrix') for one in _expanded(table, file, base, problems)]
    by_axes = {_axes(one.values()): index for index, one in enumerate(found)}
    by_name: dict[str, int] | None = None
    for table in _rows(document, 'environments'):
        layer = Layer(file, table)
        line = table.line
        single = Draft(layers=(*base, layer), file=file, line=line, single=table)
        values = single.values()
        # Few entries name what they correct: only these need the names of all.
        if 'name' in table and not {'cloud', 'stage'} <= values.keys():
            by_name = by_name or {name(one.values()): index for index, one in enumerate(found)}
            at = by_name.get(table['name'])
            if at is None:
                problems.append(_nothing_to_correct(table, file, values, tuple(by_name)))
                continue
        else:
            at = by_axes.get(_axes(values))
        if at is None:
            found.append(single)
        elif found[at].single is not None:
            message = 'this environment is corrected twice'
            first = f'{found[at].file}:{found[at].line}'
            problems.append(
                Problem(file=str(file), line=line, message=message, hint=f'The other is at {first}.')
            )
        else:
            corrected = _renamed(layer, found[at])
            found[at] = replace(found[at], layers=(*found[at].layers, corrected), line=line, single=table)
    return found, problems


def name(values: Mapping[str, Any]) -> str:
    """The name of an environment; empty while it cannot be told."""
    axes = {key: str(values.get(key) or '') for key in AXES}
    if 'name' in values:
        try:
            return templates.fill(str(values['name']), axes)
        except templates.TemplateError:
            return ''
    return '/'.join(filter(None, axes.values()))


def _renamed(layer: Layer, draft: Draft) -> Layer:
    """*layer*, less a name that only says which environment is corrected."""
    if layer.table.get('name') != name(draft.values()):
        return layer
    table = Table(layer.table.line)
    for key, value in layer.table.items():
        if key != 'name':
            table.put(key, value, layer.table.lines[key])
    return Layer(layer.file, table)


def _expanded(table: Table, file: Path, base: tuple[Layer, ...], problems: list[Problem]) -> Iterator[Draft]:
    made: set[tuple[str, ...]] = set()
    own = (*base, Layer(file, table))
    service = next((str(one.table['service']) for one in reversed(own) if one.table.get('service')), '')
    exclude, changes = _rows(table, 'exclude'), _rows(table, 'set')
    used: set[int] = set()
    for axes in _combined(table):
        named = {**axes, 'service': service}
        key = _axes(named)
        if key in made:
            message = f'{"/".join(filter(None, key))} is there twice'
            problems.append(Problem(file=str(file), line=axes.line, message=message))
            continue
        made.add(key)
        left_out = [index for index, rule in enumerate(exclude) if applies(rule, named)]
        used.update(left_out)
        if left_out:
            continue
        sets = tuple(Layer(file, one) for one in changes if applies(one['when'], named))
        yield Draft(layers=(*own, Layer(file, axes), *sets), file=file, line=axes.line, group=table)
    for index, rule in enumerate(exclude):
        if index not in used:
            hint = 'Mend the names, or remove it.'
            problems.append(
                Problem(file=str(file), line=rule.line, message='this excludes nothing', hint=hint)
            )


def _combined(table: Table) -> Iterator[Table]:
    """The axes of each combination; the line is that of the region."""
    clouds, stages = cast('Table', table['clouds']), cast('Row', table['stages'])
    for cloud, regions in clouds.items():
        cloud_line = clouds.lines[cloud]
        places = zip(regions, regions.lines, strict=True) if regions else [('', cloud_line)]
        for region, line in places:
            for stage, stage_line in zip(stages, stages.lines, strict=True):
                axes = Table(line)
                axes.put('cloud', cloud, cloud_line)
                axes.put('region', region or None, line)
                axes.put('stage', stage, stage_line)
                yield axes


def applies(when: Mapping[str, Any], axes: Mapping[str, Any]) -> bool:
    """Whether all that *when* names holds for *axes*."""
    for key, wanted in when.items():
        patterns: list[str] = [wanted] if isinstance(wanted, str) else wanted
        value = str(axes.get(key) or '')
        if not any(value == one or fnmatch.fnmatchcase(value, one) for one in patterns):
            return False
    return True


def _axes(values: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(values.get(key) or '') for key in AXES)


def _rows(table: Table, key: str) -> Sequence[Table]:
    return cast('Sequence[Table]', table.get(key) or ())


def _nothing_to_correct(
    table: Table, file: Path, values: Mapping[str, Any], known: tuple[str, ...]
) -> Problem:
    missing = ' and '.join(f'"{key}"' for key in ('cloud', 'stage') if not values.get(key))
    guess = wording.guess(str(table['name']), known)
    return Problem(
        file=str(file),
        line=table.line,
        message=f'no matrix of this file makes "{table["name"]}"',
        hint=f'{guess} For a new environment {missing} must be there.'.strip(),
    )
