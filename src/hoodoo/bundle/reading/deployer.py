"""Deployer bundles: formats told apart, includes and parents merged."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bedrock import errors
from hoodoo import wording
from hoodoo.bundle.reading import templates, tree, words
from hoodoo.bundle.reading.dialect import DEPLOYER, Dialect

_INCLUDES = ('include-configs', 'include-config')
_SECTIONS = ('services', 'applications')


class NoDeployment(errors.Problems):
    """The deployment that is asked for is not in the bundle, or none of several is asked for."""

    def __init__(self, problem: errors.Problem, remarks: Sequence[errors.Problem] = ()) -> None:
        super().__init__('cannot choose a deployment', [problem])
        self.remarks = tuple(remarks)
        """What is odd about the bundle all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployments:
    """What bundle files hold: deployments by name, and where relative includes are sought."""

    tree: tree.Tree
    folders: tuple[Path, ...] = ()
    remarks: tuple[errors.Problem, ...] = ()
    single: tuple[str, ...] = ()
    """The files that are one deployment each (version 4), in the order they were read; where there is one,
    nothing inherits."""
    dialect: Dialect = DEPLOYER
    shown: templates.Shown = str
    """How messages name a file."""

    @property
    def native(self) -> bool:
        """Whether units are placed as in version 4 and in Juju's own bundles."""
        return bool(self.single)


def load(
    files: Sequence[Path],
    variables: Mapping[str, str],
    *,
    shown: templates.Shown = str,
    lookup: Sequence[Path] = (),
) -> Deployments:
    """Read *files* in order, each with the files that it includes; later ones win.

    So an included file wins over the one that includes it, as in juju-deployer.

    Args:
        variables: What templates see.
        shown: How messages name a file.
        lookup: Where templates and included values are sought, after the directories of the files.

    Raises:
        Problems: a file cannot be read, rendered or parsed.
    """
    reader = _Reader(variables, shown, lookup)
    for file in files:
        reader.read(file)
    return Deployments(
        tree=tree.Tree(data=reader.merged, place=reader.place),
        folders=tuple(dict.fromkeys((*reader.folders, *lookup))),
        remarks=tuple(reader.remarks),
        single=tuple(dict.fromkeys(reader.single)),
        shown=shown,
    )


def choose(deployments: Deployments, target: str) -> tree.Tree:
    """Return the deployment called *target*, or the only one, with its parents merged under it.

    Without a target, files that are one deployment each are merged in order.

    Raises:
        NoDeployment: there is no such deployment, or several without a target.
        Problems: its parents make no sense.
    """
    whole = deployments.tree
    names = list(whole.data)
    if not target and len(names) > 1 and set(names) == set(deployments.single):
        merged = tree.Table()
        for name in deployments.single:
            merged = tree.merge(merged, tree.mapping(whole.data[name]))
        return tree.Tree(data=merged, place=whole.place)
    if not target and len(names) != 1:
        message = f'the bundle has {len(names) or "no"} deployments'
        if names:
            message += ', so target= must name one'
        hint = f'Deployments: {", ".join(names)}.' if names else ''
        raise NoDeployment(whole.problem((), message, hint=hint), deployments.remarks)
    if target and target not in names:
        hint = f'{wording.guess(target, names)} Deployments: {", ".join(names) or "none"}.'.strip()
        problem = whole.problem((), f'there is no deployment "{target}"', hint=hint)
        raise NoDeployment(problem, deployments.remarks)
    line = _Lineage(whole, inherits=not deployments.single)
    return tree.Tree(data=line.of(target or names[0], ()), place=whole.below(target or names[0]).place)


class _Reader:
    """Reads files and what they include, in deployer's order."""

    def __init__(self, variables: Mapping[str, str], shown: templates.Shown, lookup: Sequence[Path]) -> None:
        self._variables, self._shown, self._lookup = variables, shown, lookup
        self._seen: set[Path] = set()
        self.merged = tree.Table()
        self.place = tree.NOWHERE
        self.folders: list[Path] = []
        self.remarks: list[errors.Problem] = []
        self.single: list[str] = []

    def read(self, file: Path) -> None:
        """Merge *file* and then what it includes; a file that was read already is not read again."""
        if file.resolve() in self._seen:
            return
        self._seen.add(file.resolve())
        rendered = templates.render(file, self._variables, folders=self._lookup, shown=self._shown)
        self.remarks += rendered.remarks
        documents = tree.load(rendered.text, file=self._shown(file), locate=rendered.locate)
        place = documents[0].place if documents else tree.Place(self._shown(file))
        if len(documents) > 1:
            message = 'a deployer bundle is one YAML document; this file has several'
            hint = 'Use the phase bundle for bundles with overlay documents.'
            raise _refused(self._shown(file), tree.problem(place, message, hint=hint))
        found = documents[0] if documents else tree.Tree(place=place)
        self.place = self.place if self.place.file else place
        self.folders.append(file.parent)
        key = next((key for key in _INCLUDES if key in found.data), '')
        self.merged = tree.merge(self.merged, self._deployments(found.data.without(*_INCLUDES), file, place))
        for index, name in enumerate(words.strings(found.data.get(key))):
            self._include(found, (key, str(index)), file, name)

    def _include(self, found: tree.Tree, at: tree.Path, file: Path, name: str) -> None:
        wrong = ''
        if '://' in name:
            wrong = f'cannot include "{name}": bundles are not fetched'
        elif not os.path.isfile(file.parent / name):
            wrong = f'cannot find the included bundle "{name}"'
        if wrong:
            hint = 'Keep it in the spec.' if '://' in name else f'Names are relative to {self._shown(file)}.'
            raise _refused(self._shown(file), found.problem(at, wrong, hint=hint))
        self.read(file.parent / name)

    def _deployments(self, data: tree.Table, file: Path, place: tree.Place) -> tree.Table:
        """The deployments of a file, one that is itself a deployment (version 4) named like the file."""
        services = next((key for key in _SECTIONS if isinstance(data.get(key), tree.Table)), '')
        if services and services not in data[services]:
            whole = True
        else:
            # Relations alone are meant as such too: as a deployment they would make no sense.
            whole = isinstance(data.get('relations'), tree.Row)
        if whole:
            self.single.append(file.name)
            return tree.Table({file.name: self._modern(data)}, {file.name: place})
        made = tree.Table(data, data.places)
        for name, deployment in data.items():
            if isinstance(deployment, tree.Table):
                made[name] = self._modern(deployment)
        return made

    def _modern(self, deployment: tree.Table) -> tree.Table:
        """``applications``, which juju-deployer does not know, means what services are to it."""
        if not isinstance(deployment.get('applications'), tree.Table) or 'services' in deployment:
            return deployment
        place = deployment.places.get('applications', tree.NOWHERE)
        message = 'key "applications" is taken for "services", which is its name in this format'
        self.remarks.append(tree.problem(place, message, hint='Write services.'))
        return deployment.renamed('applications', 'services')


class _Lineage:
    """Deployments with their parents merged under them."""

    def __init__(self, whole: tree.Tree, *, inherits: bool) -> None:
        self._whole, self._inherits = whole, inherits
        self._made: dict[str, tree.Table] = {}

    def of(self, name: str, children: tuple[str, ...]) -> tree.Table:
        """Deployment *name*, which *children* inherit from, youngest first."""
        if name in self._made:
            return self._made[name]
        own = self._whole.data.get(name)
        at = (children[-1], 'inherits') if children else ()
        if name in children:
            raise self._refused(
                (name, 'inherits'),
                f'deployment "{name}" inherits from itself',
                'Take it out of its own ancestors.',
            )
        if not isinstance(own, tree.Table):
            known = [key for key, value in self._whole.data.items() if isinstance(value, tree.Table)]
            hint = f'{wording.guess(name, known)} Deployments: {", ".join(known)}.'.strip()
            raise self._refused(at, f'there is no deployment "{name}"', hint)
        made = own
        for parent in words.strings(own.get('inherits')) if self._inherits else ():
            # The child is over its first parent, which is over the second.
            made = tree.merge(self.of(parent, (*children, name)), made)
        self._made[name] = made
        return made

    def _refused(self, at: tree.Path, message: str, hint: str) -> errors.Problems:
        return errors.Problems('cannot choose a deployment', [self._whole.problem(at, message, hint=hint)])


def _refused(file: str, problem: errors.Problem) -> errors.Problems:
    return errors.Problems(f'cannot read {file}', [problem])
