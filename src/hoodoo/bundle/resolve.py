"""A deployment's tree as a wanted model: every value checked and typed, every include read."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from bedrock import charm as charm_files
from bedrock import errors
from hoodoo import model, wording
from hoodoo.bundle import charms, load, tree, words

_BASES = {
    'trusty': '14.04',
    'xenial': '16.04',
    'bionic': '18.04',
    'focal': '20.04',
    'jammy': '22.04',
    'noble': '24.04',
}
_SERVICE_KEYS = frozenset(
    (
        *('annotations', 'base', 'bindings', 'branch', 'build', 'channel', 'charm', 'charm_url'),
        *('constraints', 'expose', 'force-machine', 'num_units', 'options', 'resources', 'revision'),
        *('series', 'storage', 'to'),
    )
)
_DEPLOYMENT_KEYS = frozenset(
    ('applications', 'inherits', 'machines', 'overrides', 'relations', 'series', 'services')
)
_INCLUDES = ('include-file://', 'include-base64://')


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """A wanted model and all that is wrong with it; with problems it must not be applied."""

    wanted: model.WantedModel
    problems: tuple[errors.Problem, ...] = ()


def resolve(deployments: load.Deployments, target: str, *, shelf: charms.Shelf, series: str) -> Resolved:
    """Return what deployment *target* (or the only one) asks for.

    Args:
        series: Used where the bundle names none.

    Raises:
        Problems: the deployment cannot be told.
    """
    chosen = load.choose(deployments, target)
    resolver = _Resolver(chosen, deployments, shelf, str(chosen.data.get('series') or series))
    wanted = resolver.run()
    return Resolved(wanted=wanted, problems=tuple(resolver.problems))


class _Resolver:
    def __init__(
        self, chosen: tree.Tree, deployments: load.Deployments, shelf: charms.Shelf, series: str
    ) -> None:
        self.chosen, self.deployments, self.shelf, self.series = chosen, deployments, shelf, series
        self.problems: list[errors.Problem] = []
        self.remarks = list(deployments.remarks)
        self.section = 'applications' if 'applications' in chosen.data else 'services'

    def run(self) -> model.WantedModel:
        for key in self.chosen.data.keys() - _DEPLOYMENT_KEYS:
            self._unused((key,), f'key "{key}"', _DEPLOYMENT_KEYS)
        services = tree.mapping(self.chosen.data.get(self.section))
        applications = {name: self._application(name, tree.mapping(raw)) for name, raw in services.items()}
        relations = tuple(dict.fromkeys(self._relations()))
        return model.WantedModel(applications=applications, relations=relations, remarks=tuple(self.remarks))

    def _application(self, name: str, raw: dict[str, Any]) -> model.WantedApplication:
        at = (self.section, name)
        for key in raw.keys() - _SERVICE_KEYS:
            self._unused((*at, key), f'key "{key}" of {name}', _SERVICE_KEYS)
        series = str(raw.get('series') or self.series)
        source = self._charm(at, name, raw, series)
        charm = self._read(at, source)
        subordinate = charm is not None and charm.subordinate
        return model.WantedApplication(
            name=name,
            charm=source,
            num_units=0 if subordinate else self._count(at, raw),
            subordinate=subordinate,
            options=self._options(at, name, raw, charm),
            constraints=words.pairs(raw.get('constraints')),
            to=self._placement(at, raw),
            expose=bool(raw.get('expose', False)),
            base=self._base(at, raw, series, charm),
            resources=words.pairs(raw.get('resources')),
            storage=words.pairs(raw.get('storage')),
            bindings=words.pairs(raw.get('bindings')),
        )

    def _charm(
        self, at: tree.Path, name: str, raw: dict[str, Any], series: str
    ) -> model.LocalCharm | model.StoreCharm:
        written = str(raw.get('charm_url') or raw.get('charm') or name)
        scheme, colon, rest = written.partition(':')
        if (colon and scheme in ('cs', 'ch')) or 'channel' in raw:
            return model.StoreCharm(
                name=rest.rpartition('/')[2] if colon else written,
                channel=str(raw.get('channel') or ''),
                revision=int(raw['revision']) if 'revision' in raw else None,
            )
        if written.startswith('/'):
            return model.LocalCharm(path=Path(written))
        plain = rest if colon and scheme == 'local' else written
        if plain.startswith('./') or '/' in plain:
            # Mojo's bundles write ./<series>/<charm>, relative to the repository.
            folder, plain = Path(plain).parent.name or series, Path(plain).name
        else:
            folder = series
        found = self.shelf.find(plain, folder)
        if found is None and self.shelf.complete:
            hint = wording.guess(plain, self.shelf.expected) or f'Add it to the collect file as "{plain}".'
            self._problem((*at, 'charm'), f'cannot find charm "{plain}" of {name}', hint)
        return model.LocalCharm(path=found or self.shelf.repo / folder / plain)

    def _read(self, at: tree.Path, source: model.LocalCharm | model.StoreCharm) -> charm_files.Charm | None:
        if isinstance(source, model.StoreCharm):
            return None
        try:
            return charms.read(source.path)
        except charm_files.CharmFault as err:
            self._problem((*at, 'charm'), err.message, err.hint)
            return None

    def _count(self, at: tree.Path, raw: dict[str, Any]) -> int:
        value = raw.get('num_units', 1)
        if isinstance(value, bool) or not str(value).isdigit():
            self._problem((*at, 'num_units'), f'num_units "{value}" is not a number of units')
            return 1
        return int(value)

    def _options(
        self, at: tree.Path, name: str, raw: dict[str, Any], charm: charm_files.Charm | None
    ) -> dict[str, str]:
        options = {
            key: self._included((*at, 'options', key), words.option_text(value))
            for key, value in tree.mapping(raw.get('options')).items()
        }
        for key, value in tree.mapping(self.chosen.data.get('overrides')).items():
            if charm is not None and key in charm.options:
                options[key] = self._included(('overrides', key), words.option_text(value))
        if charm is not None:
            self._check_options(at, name, options, charm)
        return options

    def _check_options(
        self, at: tree.Path, name: str, options: dict[str, str], charm: charm_files.Charm
    ) -> None:
        for key, value in options.items():
            declared = charm.options.get(key)
            where = (*at, 'options', key)
            if declared is None:
                hint = wording.guess(key, charm.options)
                self._problem(where, f'charm of {name} has no option "{key}"', hint)
            elif not words.fits(value, declared.type):
                # The value is not shown: it may be a secret that was put under the wrong key.
                self._problem(where, f'option "{key}" of {name} takes {declared.type}; its value is none')

    def _included(self, at: tree.Path, text: str) -> str:
        kind = next((prefix for prefix in _INCLUDES if text.startswith(prefix)), '')
        if not kind:
            return text
        name = text.removeprefix(kind)
        for folder in self.deployments.folders:
            file = folder / name  # an absolute name replaces the folder
            if file.is_file():
                data = file.read_bytes()
                return base64.b64encode(data).decode() if 'base64' in kind else data.decode()
        self._problem(at, f'cannot find the file of "{text}"')
        return ''

    def _placement(self, at: tree.Path, raw: dict[str, Any]) -> tuple[str, ...]:
        targets = words.strings(raw.get('to', raw.get('force-machine')))
        for target in targets:
            place = target.rpartition(':')[2].partition('=')[0].partition('/')[0]
            if place in tree.mapping(self.chosen.data.get(self.section)):
                self._problem(
                    (*at, 'to'), f'placement "{target}" beside another application is not supported'
                )
        return targets

    def _base(self, at: tree.Path, raw: dict[str, Any], series: str, charm: charm_files.Charm | None) -> str:
        """The base that was asked for; the bundle's general one only where the charm offers it."""
        if raw.get('base'):
            return str(raw['base'])
        channel = _BASES.get(series)
        if channel is None or charm is None:
            return ''
        offered = ('ubuntu', channel) in charm.bases
        if 'series' in raw and charm.bases and not offered:
            self._problem((*at, 'series'), f'charm "{charm.name}" does not support series {series}')
        return f'ubuntu@{channel}' if offered else ''

    def _relations(self) -> Iterator[model.WantedRelation]:
        raw = self.chosen.data.get('relations') or ()
        if isinstance(raw, dict):
            yield from self._old_relations(tree.mapping(cast('object', raw)))
            return
        for index, entry in enumerate(cast('Sequence[Any]', raw)):
            ends = cast('list[Any]', entry) if isinstance(entry, list) else []
            others = words.strings(ends[1]) if len(ends) == 2 else ()
            if not others or not isinstance(ends[0], str):
                self._problem(('relations', str(index)), f'relation {entry} is not a pair of endpoints')
                continue
            for other in others:
                yield self._relation(('relations', str(index)), ends[0], other)

    def _old_relations(self, raw: dict[str, Any]) -> Iterator[model.WantedRelation]:
        weighted = sorted(raw.items(), key=lambda item: -int(tree.mapping(item[1]).get('weight') or 0))
        for name, entry in weighted:
            for other in words.strings(tree.mapping(entry).get('consumes')):
                yield self._relation(('relations', name), name, other)

    def _relation(self, at: tree.Path, one: str, other: str) -> model.WantedRelation:
        # The same pair whichever way round it was written.
        ends = sorted((_endpoint(one), _endpoint(other)))
        place = self.chosen.problem(at, '')
        return model.WantedRelation(one=ends[0], other=ends[1], file=place.file, line=place.line)

    def _unused(self, at: tree.Path, what: str, known: frozenset[str]) -> None:
        problem = self.chosen.problem(at, f'{what} has no effect', hint=wording.guess(at[-1], known))
        self.remarks.append(f'{problem.where}: {problem.message}. {problem.hint}'.rstrip())

    def _problem(self, at: tree.Path, message: str, hint: str = '') -> None:
        self.problems.append(self.chosen.problem(at, message, hint=hint))


def _endpoint(text: str) -> model.Endpoint:
    application, _, name = text.partition(':')
    return model.Endpoint(application=application, name=name)
