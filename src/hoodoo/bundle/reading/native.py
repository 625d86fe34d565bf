"""Juju's own bundles: documents of several files merged, the first as the base and all others as overlays.

The rules are those of `juju deploy BUNDLE --overlay FILE`: mappings are merged deeply, other values replaced,
relations appended; an application that an overlay sets to nothing is taken out with all that speaks of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from bedrock import errors
from hoodoo.bundle.reading import deployer, templates, tree, words
from hoodoo.bundle.reading.dialect import JUJU

_SECTION = JUJU.section
_OVERLAY_ONLY = ('exposed-endpoints', 'offers')


def read(
    files: Sequence[Path],
    variables: Mapping[str, str],
    *,
    shown: templates.Shown = str,
    lookup: Sequence[Path] = (),
) -> deployer.Deployments:
    """Read the bundle in the first of *files*, with the others as overlays, in order; it is one deployment.

    Args:
        variables: What templates see.
        shown: How messages name a file.
        lookup: Where templates and included values are sought, after the directory of the file.

    Raises:
        Problems: a file cannot be read, rendered or parsed.
    """
    merged = tree.Tree()
    remarks: list[errors.Problem] = []
    folders: list[Path] = []
    for file in files:
        rendered = templates.render(file, variables, folders=lookup, shown=shown)
        remarks += rendered.remarks
        folders.append(file.parent)
        documents = tree.load(rendered.text, file=shown(file), locate=rendered.locate)
        if not merged.place.file:
            merged = _base(documents, shown(file))
            documents = documents[1:]
        for document in documents:
            merged = tree.Tree(data=_overlaid(merged.data, _modern(document.data)), place=merged.place)
    name = files[0].name
    return deployer.Deployments(
        tree=tree.Tree(data=tree.Table({name: merged.data}, {name: merged.place}), place=merged.place),
        folders=tuple(dict.fromkeys((*folders, *lookup))),
        remarks=tuple(remarks),
        single=(name,),
        dialect=JUJU,
        shown=shown,
    )


def _base(documents: Sequence[tree.Tree], file: str) -> tree.Tree:
    """The first document, checked for what only overlays may say.

    Raises:
        Problems: there is none, or it says such things.
    """
    if not documents:
        raise errors.Problems(
            f'cannot read {file}', [errors.Problem(file=file, message='the bundle is empty')]
        )
    base = tree.Tree(data=_modern(documents[0].data), place=documents[0].place)
    problems = [
        base.problem(
            (_SECTION, name, key),
            f'{key} can only be in an overlay ({name})',
            hint='Put it into a second document, after a line "---".',
        )
        for name, entry in tree.mapping(base.data.get(_SECTION)).items()
        for key in _OVERLAY_ONLY
        if key in tree.mapping(entry)
    ]
    if problems:
        raise errors.Problems(f'cannot read {file}', problems)
    return base


def _modern(document: tree.Table) -> tree.Table:
    """``services`` are what applications were called once."""
    if 'services' not in document or _SECTION in document:
        return document
    return document.renamed('services', _SECTION)


def _overlaid(base: tree.Table, overlay: tree.Table) -> tree.Table:
    merged = _deep(base, overlay.without('relations'))
    mine, more = base.get('relations'), overlay.get('relations')
    if isinstance(mine, tree.Row) and isinstance(more, tree.Row):
        merged.put('relations', tree.joined(mine, more), base.places['relations'])
    elif more is not None:
        merged.take('relations', overlay)
    applications = tree.mapping(overlay.get(_SECTION))
    removed = frozenset(name for name, entry in applications.items() if entry is None)
    return _without(merged, removed) if removed else merged


def _deep(base: tree.Table, overlay: tree.Table) -> tree.Table:
    merged = tree.Table(base, base.places)
    for key, value in overlay.items():
        mine = merged.get(key)
        if isinstance(mine, tree.Table) and isinstance(value, tree.Table):
            merged[key] = _deep(mine, value)
        else:
            merged.take(key, overlay)
    return merged


def _without(document: tree.Table, removed: frozenset[str]) -> tree.Table:
    """*document* less the applications in *removed*, with their relations, placements and machines."""
    kept = tree.Table(document, document.places)
    relations = document.get('relations')
    if isinstance(relations, tree.Row):
        kept['relations'] = relations.only(lambda relation: not _named(relation) & removed)
    applications = tree.mapping(document.get(_SECTION)).without(*removed)
    for name, entry in applications.items():
        placed = tree.mapping(entry).get('to')
        if any(_target(word) in removed for word in words.strings(placed)):
            row = placed if isinstance(placed, tree.Row) else tree.Row([placed], [entry.places['to']])
            changed = tree.Table(entry, entry.places)
            changed['to'] = row.only(lambda word: _target(words.option_text(word)) not in removed)
            applications[name] = changed
    kept[_SECTION] = applications
    machines = document.get('machines')
    if isinstance(machines, tree.Table):
        used = {
            _target(word)
            for entry in applications.values()
            for word in words.strings(tree.mapping(entry).get('to'))
        }
        kept['machines'] = machines.without(*(machines.keys() - used))
    return kept


def _named(relation: object) -> frozenset[str]:
    """The applications in a relation, however deeply its list is nested."""
    if isinstance(relation, tree.Row):
        return frozenset(name for entry in relation for name in _named(entry))
    return frozenset({words.option_text(relation).partition(':')[0]})


def _target(directive: str) -> str:
    """The machine or application of a directive such as ``lxd:mysql/0``."""
    return directive.rpartition(':')[2].partition('/')[0]
