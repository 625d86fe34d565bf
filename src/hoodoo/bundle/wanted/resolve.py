"""A deployment's tree as a wanted model: every value checked and typed, every include read."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from bedrock import base as bases
from bedrock import charm as charm_files
from bedrock import errors
from hoodoo import model, wording
from hoodoo.bundle.reading import deployer, tree, words
from hoodoo.bundle.reading.dialect import JUJU
from hoodoo.bundle.wanted import (
    charms,
    constraints,
    findings,
    images,
    options,
    pairings,
    placement,
    reachable,
    sensitive,
    sourcing,
)

_KUBERNETES = 'kubernetes'
_UNSUPPORTED = {
    'devices': ('devices are not asked for', 'Leave them out, or ask for them with juju deploy --device.'),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """A wanted model and all that is wrong with it; with problems it must not be applied."""

    wanted: model.WantedModel
    problems: tuple[errors.Problem, ...] = ()
    remarks: tuple[errors.Problem, ...] = ()
    """What the bundle says that has no effect, or another than it seems."""
    included: tuple[str, ...] = ()
    """Values of options that are whole files: likely secrets."""


def resolve(
    deployments: deployer.Deployments,
    target: str,
    *,
    shelf: charms.Shelf,
    series: str,
    secret: Sequence[Path] = (),
) -> Resolved:
    """Return what deployment *target* (or the only one) asks for.

    Args:
        series: Used where the bundle names none.
        secret: Folders whose files hold secrets.

    Raises:
        Problems: the deployment cannot be told.
    """
    chosen = deployer.choose(deployments, target)
    resolver = _Resolver(chosen, deployments, shelf, str(chosen.data.get('series') or series), secret)
    wanted = resolver.run()
    found = resolver.found
    return Resolved(
        wanted=wanted,
        problems=tuple(found.problems),
        remarks=tuple(found.remarks),
        included=tuple(resolver.options.included),
    )


class _Resolver:
    def __init__(
        self,
        chosen: tree.Tree,
        deployments: deployer.Deployments,
        shelf: charms.Shelf,
        series: str,
        secret: Sequence[Path],
    ) -> None:
        self.chosen, self.deployments, self.series, self.secret = chosen, deployments, series, secret
        self.shelf = shelf
        self.dialect = deployments.dialect
        self.section = self.dialect.section
        self.on_kubernetes = chosen.data.get('bundle') == _KUBERNETES
        self.found = findings.Findings(chosen)
        self.found.remarks += deployments.remarks
        self.sourcing = sourcing.Sourcing(shelf, self.dialect, self.found)
        self.offers: dict[str, model.Offer] = {}
        self.options = options.Options(deployments.folders, shelf, self.found, shown=deployments.shown)

    def run(self) -> model.WantedModel:
        self._check_keys()
        services = self._services()
        applications = {name: self._application(name, raw) for name, raw in services.items()}
        machines = self._machines()
        applications = self._placed(services, applications, machines)
        self.options.check_overrides()
        relations = pairings.read(self.chosen.data.get('relations'), self.found)
        remarks = tuple(
            f'{remark.where}: {remark.message}. {remark.hint}'.rstrip() for remark in self.found.remarks
        )
        saas: dict[str, str] = {}
        if 'saas' in self.dialect.bundle_keys:
            saas = reachable.saas(self.chosen.data, services, self.found)
        return model.WantedModel(
            offers=self.offers,
            saas=saas,
            applications=applications,
            relations=relations,
            machines=machines,
            on_kubernetes=self.on_kubernetes,
            remarks=remarks,
        )

    def _check_keys(self) -> None:
        self.found.unknown((), '', self.chosen.data, self.dialect.bundle_keys)
        if self.chosen.data.get('inherits') and self.deployments.single:
            file = self.deployments.single[0]
            message = f'nothing is inherited: "{file}" is one deployment itself, which switches that off'
            self.found.remark(('inherits',), message, 'Put it under a name of its own.')
        kind = self.chosen.data.get('bundle')
        if kind is not None and kind != _KUBERNETES:
            self.found.problem(
                ('bundle',),
                f'bundle takes kubernetes, not "{words.option_text(kind)}"',
                'Leave it out for a model with machines.',
            )
        if self.on_kubernetes and self.chosen.data.get('machines'):
            self.found.problem(
                ('machines',), 'a model on Kubernetes has no machines', 'Leave machines out, and to: too.'
            )
        overrides = self.chosen.data.get('overrides')
        if overrides is not None and not isinstance(overrides, tree.Table):
            self.found.problem(
                ('overrides',), 'overrides are not a mapping', 'Write overrides: {OPTION: VALUE}.'
            )

    def _services(self) -> dict[str, tree.Table]:
        raw = self.chosen.data.get(self.section)
        if raw is not None and not isinstance(raw, tree.Table):
            self.found.problem(
                (self.section,), f'{self.section} are not a mapping', 'Write NAME: {charm: NAME}.'
            )
        services: dict[str, tree.Table] = {}
        for name, entry in tree.mapping(raw).items():
            if entry is None or isinstance(entry, tree.Table):
                services[name] = tree.mapping(entry)
            else:
                self.found.problem(
                    (self.section, name),
                    f'application {name} is not a mapping',
                    f'Write {name}: {{charm: NAME}}.',
                )
        return services

    def _application(self, name: str, raw: tree.Table) -> model.WantedApplication:
        at = (self.section, name)
        self.found.unknown(at, f' of {name}', raw, self.dialect.application_keys)
        for key, (message, hint) in _UNSUPPORTED.items():
            if key in self.dialect.application_keys and raw.get(key):
                self.found.problem((*at, key), f'{message} ({name})', hint)
        if raw.get('build'):
            message = f'the build command of {name} has no effect'
            self.found.remark((*at, 'build'), message, 'The phase build runs commands before a deployment.')
        series = str(raw.get('series') or self.series)
        source = self.sourcing.source(at, name, raw, series)
        charm = self.sourcing.read(at, source)
        subordinate = charm is not None and charm.subordinate
        if self.on_kubernetes:
            self._check_pods(at, name, raw, charm)
        resources = self._resources(at, name, raw, charm)
        exposed = self._reachable(at, name, raw, charm)
        expose = self._flag(at, name, raw, 'expose') if raw.get('expose') is not None else None
        return model.WantedApplication(
            name=name,
            charm=source,
            num_units=self._count(at, name, raw, subordinate=subordinate),
            subordinate=subordinate,
            options=self.options.read(at, name, raw, charm, store=isinstance(source, model.StoreCharm)),
            constraints=constraints.read(raw.get('constraints'), (*at, 'constraints'), self.found),
            expose=None if exposed else expose,
            exposed_to=exposed,
            base=self.sourcing.base(at, raw, series, self._default_base(), charm),
            resources=resources,
            unnamed_images=tuple(key for key in _images(charm) if key not in resources),
            storage=self._named(at, name, raw, 'storage', charm.storage if charm else None),
            bindings=self._named(at, name, raw, 'bindings', _bindable(charm)),
            annotations=self._annotations(at, name, raw),
            trust=self._flag(at, name, raw, 'trust'),
            private=self._private(at, raw, charm),
        )

    def _reachable(
        self, at: tree.Path, name: str, raw: tree.Table, charm: charm_files.Charm | None
    ) -> dict[str, model.Exposure]:
        """What is exposed to whom; what is offered is kept."""
        if 'offers' not in self.dialect.application_keys:
            return {}
        for offer, made in reachable.offers(at, name, raw, charm, self.found).items():
            other = self.offers.setdefault(offer, made).application
            if other != name:
                message = f'offer {offer} is one of {other} and one of {name}'
                self.found.problem((*at, 'offers', offer), message, 'Give one of them another name.')
        return reachable.exposed(at, name, raw, charm, self.found)

    def _check_pods(self, at: tree.Path, name: str, raw: tree.Table, charm: charm_files.Charm | None) -> None:
        """What cannot be on Kubernetes."""
        if raw.get('to'):
            self.found.problem(
                (*at, 'to'), f'a model on Kubernetes has no machines to place {name} on', 'Leave to: out.'
            )
        if charm is not None and charm.subordinate:
            self.found.problem(
                (*at, 'charm'), f'{name} is a subordinate, which a model on Kubernetes cannot have'
            )

    def _default_base(self) -> str:
        return words.option_text(self.chosen.data.get('default-base')).partition('/')[0]

    def _count(self, at: tree.Path, name: str, raw: tree.Table, *, subordinate: bool) -> int:
        key = 'scale' if 'scale' in raw and 'num_units' not in raw else 'num_units'
        value = raw.get(key)
        if self.dialect is JUJU and raw.get('scale') is not None and raw.get('num_units') is not None:
            message = f'{name} has both scale and num_units, which are two words for one'
            self.found.problem((*at, 'scale'), message, 'Leave one of them out.')
        if self.on_kubernetes and value is None:
            message = f'{name} gets no unit, as in Juju: a bundle that does not say how many wants none'
            self.found.remark(at, message, f'Write scale: 1 for {name}, or 0 if that is meant.')
        text = words.option_text(self.dialect.num_units if value is None else value)
        if isinstance(value, bool) or not text.isdecimal():
            self.found.problem(
                (*at, key), f'{key} "{text}" is not a number of units', 'Write a whole number.'
            )
            return 1
        if not subordinate:
            return int(text)
        if value is not None and int(text):
            message = f'{name} is a subordinate, which has units beside those of others: {key} has no effect'
            self.found.remark((*at, key), message, f'Leave {key} out.')
        return 0

    def _flag(self, at: tree.Path, name: str, raw: tree.Table, key: str) -> bool:
        text = words.option_text(raw.get(key)).lower()
        if text not in ('', 'true', 'false', 'yes', 'no', '0', '1'):
            self.found.problem(
                (*at, key),
                f'{key} of {name} takes true or false, not "{text}"',
                'Write true or leave it out.',
            )
        return text in ('true', 'yes', '1')

    def _named(
        self, at: tree.Path, name: str, raw: tree.Table, key: str, known: Collection[str] | None
    ) -> dict[str, str]:
        """A mapping of texts, whose keys the charm must have where it is known."""
        value = raw.get(key)
        if value is not None and not isinstance(value, tree.Table):
            self.found.problem(
                (*at, key), f'{key} of {name} is not a mapping', f'Write {key}: {{NAME: VALUE}}.'
            )
        for entry, text in tree.mapping(value).items():
            where = (*at, key, entry)
            if not words.plain(text):
                self.found.problem(where, f'"{entry}" in {key} of {name} is a list or a mapping')
            if known is not None and entry not in known:
                hint = (
                    wording.guess(entry, known)
                    or f'It has: {", ".join(sorted(filter(None, known))) or "none"}.'
                )
                self.found.problem(where, f'charm of {name} knows no "{entry}" for {key}', hint)
        return words.pairs(value)

    def _annotations(self, at: tree.Path, name: str, raw: tree.Table) -> dict[str, str]:
        found = self._named(at, name, raw, 'annotations', None)
        if not self.dialect.includes_in_annotations:
            return found
        read = {key: self.options.text((*at, 'annotations', key), name, key, found[key]) for key in found}
        return {key: text for key, text in read.items() if text is not None}

    def _resources(
        self, at: tree.Path, name: str, raw: tree.Table, charm: charm_files.Charm | None
    ) -> dict[str, str]:
        """The resources, the files among them with their whole path."""
        found = self._named(at, name, raw, 'resources', charm.resources if charm else None)
        for key, text in found.items():
            if images.is_local(text):
                self._image((*at, 'resources', key), found, key, name)
                continue
            if not text.startswith(('.', '/', '~')):
                continue  # a revision of the store, or an image of a registry
            path = Path(os.path.expanduser(text))
            folders = self.deployments.folders
            file = next((folder / path for folder in folders if os.path.isfile(folder / path)), None)
            if file is None:
                hint = f'Looked in {", ".join(str(folder) for folder in folders)}.'
                message = f'cannot find file "{text}" of resource "{key}" of {name}'
                self.found.problem((*at, 'resources', key), message, '' if path.is_absolute() else hint)
            else:
                found[key] = str(file.resolve())
        return found

    def _image(self, at: tree.Path, found: dict[str, str], key: str, name: str) -> None:
        """Give the image under *key* of *found* its whole path."""
        image = images.parse(found[key])
        folders = self.deployments.folders
        places = (folder / os.path.expanduser(image.path) for folder in folders)
        there = next((place for place in places if place.exists()), None) or self.shelf.find(
            image.path, self.series
        )
        if there is None and self.shelf.complete:
            message = f'there is no image at {image.path} for resource "{key}" of {name}'
            self.found.problem(at, message, 'Build it with "hoodoo image build", and let collect bring it.')
        elif there is not None:
            found[key] = str(dataclasses.replace(image, path=str(there.resolve())))

    def _private(self, at: tree.Path, raw: tree.Table, charm: charm_files.Charm | None) -> frozenset[str]:
        """The options that hold secrets."""
        paths = {key: (*at, 'options', key) for key in tree.mapping(raw.get('options'))}
        values = dict(tree.mapping(raw.get('options')))
        for key, value in tree.mapping(self.chosen.data.get('overrides')).items():
            if charm is not None and key in charm.options:
                paths[key], values[key] = ('overrides', key), value
        written = {key: (self.chosen.at(path), values[key]) for key, path in paths.items()}
        return sensitive.options(written, charm, secret=self.secret)

    def _machines(self) -> dict[str, model.WantedMachine]:
        """The machines that the bundle lists."""
        found: dict[str, model.WantedMachine] = {}
        for name, raw in tree.mapping(self.chosen.data.get('machines')).items():
            at, facts = ('machines', name), tree.mapping(raw)
            self.found.unknown(at, f' of machine {name}', facts, placement.MACHINE_KEYS)
            series = words.option_text(facts.get('series') or self.chosen.data.get('series'))
            found[name] = model.WantedMachine(
                name=name,
                base=words.option_text(facts.get('base'))
                or bases.SERIES.get(series, '')
                or self._default_base(),
                constraints=constraints.read(facts.get('constraints'), (*at, 'constraints'), self.found),
                annotations=self._named(at, f'machine {name}', facts, 'annotations', None),
            )
        return found

    def _placed(
        self,
        services: dict[str, tree.Table],
        applications: dict[str, model.WantedApplication],
        machines: dict[str, model.WantedMachine],
    ) -> dict[str, model.WantedApplication]:
        """The applications with where their units go."""
        keys = {name: 'to' if 'to' in raw else 'force-machine' for name, raw in services.items()}
        written = {name: words.strings(raw.get(keys[name])) for name, raw in services.items()}
        found = placement.settle(written, applications, machines, native=self.deployments.native)
        for problem in found.problems:
            at = (self.section, problem.application, keys[problem.application])
            self.found.problem(at, problem.message, problem.hint)
        for name in machines.keys() - found.machines if self.deployments.native else ():
            self.found.remark(('machines', name), f'machine {name} is added though nothing is placed on it')
        return {name: replace(each, to=found.to.get(name, ())) for name, each in applications.items()}


def _images(charm: charm_files.Charm | None) -> list[str]:
    """The resources of a charm that are images."""
    if charm is None:
        return []
    return [key for key, entry in charm.resources.items() if entry.get('type') == 'oci-image']


def _bindable(charm: charm_files.Charm | None) -> set[str] | None:
    """The names that may be bound to a space; the empty one is for all others."""
    if charm is None:
        return None
    extra = cast('object', charm.metadata.get('extra-bindings'))
    names = cast('dict[str, object]', extra) if isinstance(extra, dict) else {}
    return {'', 'juju-info', *charm.endpoints, *names}
