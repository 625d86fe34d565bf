"""What has to be done so that a model has what a bundle says (Juju's core/bundle/changes)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pocket.bundles import wording
from pocket.bundles.bases import with_risk
from pocket.bundles.changes import Change, Changes
from pocket.bundles.existing import ExistingApplication, ExistingModel, inferred_machines
from pocket.bundles.faults import BundleFault
from pocket.bundles.placing import Placing
from pocket.bundles.spec import Application, Bundle, Relation, charm_name

EMPTY = ExistingModel()


def plan(bundle: Bundle, model: ExistingModel = EMPTY, *, default_arch: str = '') -> list[Change]:
    """The steps that lead from *model* to *bundle*, each after those that it requires.

    Args:
        default_arch: Architecture of charms whose application's constraints name none.

    Raises:
        BundleFault: an application of the model runs another charm.
    """
    return _Planner(bundle=bundle, model=model, default_arch=default_arch).plan()


@dataclass(slots=True)
class _Planner:
    bundle: Bundle
    model: ExistingModel
    default_arch: str
    changes: Changes = field(default_factory=Changes)
    _charms: dict[tuple[Any, ...], str] = field(default_factory=dict[tuple[Any, ...], str])
    _ready: dict[str, str] = field(default_factory=dict[str, str])
    """The step after which an application or offer is there; nothing for what is there already."""

    def plan(self) -> list[Change]:
        self._check_charms()
        for application in self.bundle.applications.values():
            self._application(application)
        placing = Placing(
            bundle=self.bundle,
            model=self.model,
            changes=self.changes,
            machines=inferred_machines(self.bundle, self.model),
            application_refs={name: self._ref(name) for name in self.bundle.applications},
            deployed=self._ready,
        )
        placing.machines_of_bundle()
        self._offers()
        self._saas()
        for relation in self.bundle.relations:
            self._relation(relation)
        # On Kubernetes they come with their application.
        if not self.bundle.kubernetes:
            placing.units()
        return self.changes.made

    def _check_charms(self) -> None:
        problems: list[str] = []
        for name, application in self.bundle.applications.items():
            present = self.model.applications.get(name)
            wanted = charm_name(application.charm)
            if present and not application.local and present.charm_name not in ('', wanted):
                problems.append(
                    f'application "{name}" runs charm "{present.charm_name}"'
                    f' and cannot be changed to "{wanted}"'
                )
        if problems:
            raise BundleFault(problems, heading='cannot deploy bundle:')

    def _application(self, application: Application) -> None:
        name = application.name
        present = self.model.applications.get(name)
        if present is None:
            self._ready[name] = self._deploy(application)
        else:
            self._ready[name] = self._upgrade(application, present)
            self._settings(application, present)
            self._scale(application, present)
        self._expose(application, present)
        annotations = _different(application.annotations, present.annotations if present else {})
        if annotations:
            self.changes.add(
                'setAnnotations',
                {'id': self._ref(name), 'entity-type': 'application', 'annotations': annotations},
                f'set annotations for {name}',
                requires=[self._ready[name]],
            )

    def _deploy(self, application: Application) -> str:
        charm = self._charm(application)
        revisions, files = _resources(application)
        units = {'num-units': application.num_units} if self.bundle.kubernetes else {}
        return self.changes.add(
            'deploy',
            {
                'charm': f'${charm}',
                'base': self._base(application),
                'application': application.name,
                **units,
                'options': dict(application.options),
                'constraints': application.constraints,
                'storage': dict(application.storage),
                'devices': dict(application.devices),
                'endpoint-bindings': dict(application.bindings),
                'resources': revisions,
                'local-resources': files,
                'channel': application.channel,
                'revision': application.revision,
            },
            wording.deploy(application, base=self._base(application)),
            requires=[charm],
        )

    def _scale(self, application: Application, present: ExistingApplication) -> None:
        name, units = application.name, application.num_units
        if self.bundle.kubernetes and present.scale != units:
            self.changes.add(
                'scale',
                {'application': self._ref(name), 'scale': units},
                f'scale {name} to {units} units',
                requires=[self._ready[name]],
            )

    def _upgrade(self, application: Application, present: ExistingApplication) -> str:
        """The step that changes the charm; empty when it is the one that runs."""
        if not _other_charm(application, present):
            return ''
        charm = self._charm(application)
        revisions, files = _resources(application)
        return self.changes.add(
            'upgradeCharm',
            {
                'charm': f'${charm}',
                'application': application.name,
                'base': self._base(application),
                'resources': revisions,
                'local-resources': files,
                'channel': application.channel,
            },
            wording.upgrade(application, base=self._base(application)),
            requires=[charm],
        )

    def _charm(self, application: Application) -> str:
        """The step that adds the charm; one for all applications that want the same."""
        base = self._base(application)
        words = (word.partition('=') for word in application.constraints.split())
        arch = next((value for key, _, value in words if key == 'arch'), self.default_arch)
        key = (application.charm, arch, base, application.channel, application.revision)
        if key not in self._charms:
            self._charms[key] = self.changes.add(
                'addCharm',
                {
                    'charm': application.charm,
                    'revision': application.revision,
                    'base': base,
                    'channel': application.channel,
                    'architecture': arch,
                },
                wording.add_charm(application, base=base, arch=arch),
            )
        return self._charms[key]

    def _settings(self, application: Application, present: ExistingApplication) -> None:
        name = application.name
        options = {
            key: value
            for key, value in application.options.items()
            if key not in present.options or _text(present.options[key]) != _text(value)
        }
        if options:
            self.changes.add(
                'setOptions',
                {'application': name, 'options': options},
                f'set application options for {name}',
                requires=[self._ready[name]],
            )
        if application.constraints and _constraints(application.constraints) != _constraints(
            present.constraints
        ):
            self.changes.add(
                'setConstraints',
                {'application': name, 'constraints': application.constraints},
                f'set constraints for {name} to "{application.constraints}"',
                requires=[self._ready[name]],
            )

    def _expose(self, application: Application, present: ExistingApplication | None) -> None:
        wanted = application.exposed_endpoints
        if present is None:
            due = application.expose or bool(wanted)
        elif wanted:
            due = any(present.exposed_endpoints.get(key) != value for key, value in wanted.items())
        else:
            due = application.expose and not present.exposed
        if due:
            self.changes.add(
                'expose',
                {'application': self._ref(application.name), 'exposed-endpoints': dict(wanted)},
                *wording.expose(application.name, wanted),
                requires=[self._ready[application.name]],
            )

    def _offers(self) -> None:
        for name, application in self.bundle.applications.items():
            present = self.model.applications.get(name)
            for offer, details in application.offers.items():
                if present and set(present.offers.get(offer, ())) == set(details.endpoints):
                    continue
                made = self.changes.add(
                    'createOffer',
                    {'application': name, 'endpoints': list(details.endpoints), 'offer-name': offer},
                    f'create offer {offer} using {name}:{",".join(details.endpoints)}',
                    requires=[self._ready[name]],
                )
                for user, access in sorted(details.acl.items()):
                    self.changes.add(
                        'grantOfferAccess',
                        {'user': user, 'access': access, 'offer': offer},
                        f'grant user {user} {access} access to offer {offer}',
                        requires=[made],
                    )

    def _saas(self) -> None:
        for name, url in self.bundle.saas.items():
            if name not in self.model.saas:
                self._ready[name] = self.changes.add(
                    'consumeOffer',
                    {'url': url, 'application-name': name},
                    f'consume offer {name} at {url}',
                )

    def _relation(self, relation: Relation) -> None:
        if self.model.is_related(relation.first, relation.second):
            return
        sides = (relation.first, relation.second)
        endpoints: list[str] = []
        for side in sides:
            name, colon, endpoint = side.partition(':')
            endpoints.append(f'{self._ref(name)}{colon}{endpoint}')
        self.changes.add(
            'addRelation',
            {'endpoint1': endpoints[0], 'endpoint2': endpoints[1]},
            f'add relation {relation.first} - {relation.second}',
            requires=[self._ready.get(side.partition(':')[0], '') for side in sides],
        )

    def _ref(self, name: str) -> str:
        """How a later step speaks of an application: by the step that made it, else by its name."""
        ready = self._ready.get(name, '')
        return f'${ready}' if ready.startswith(('deploy-', 'consumeOffer-')) else name

    def _base(self, application: Application) -> str:
        return with_risk(application.base or self.bundle.default_base)


def _other_charm(application: Application, present: ExistingApplication) -> bool:
    if application.local or application.charm.startswith('local:'):
        return application.charm != present.charm
    if application.revision is not None:
        return application.revision != present.revision
    return bool(application.channel) and _channel(application.channel) != _channel(present.channel)


def _channel(text: str) -> str:
    """A channel with its track: ``stable`` is short for ``latest/stable``, ``8.0`` for ``8.0/stable``."""
    if text in ('stable', 'candidate', 'beta', 'edge'):
        return f'latest/{text}'
    return text if '/' in text else f'{text}/stable'


def _resources(application: Application) -> tuple[dict[str, int], dict[str, str]]:
    """The resources by revision, and those by file."""
    revisions = {name: value for name, value in application.resources.items() if isinstance(value, int)}
    files = {name: value for name, value in application.resources.items() if isinstance(value, str)}
    return revisions, files


def _different(wanted: Mapping[str, str], there: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in wanted.items() if there.get(key) != value}


def _constraints(text: str) -> frozenset[tuple[str, str]]:
    return frozenset(_constraint(word) for word in text.split())


def _constraint(word: str) -> tuple[str, str]:
    """One constraint in a form to compare: sizes in MiB, lists sorted."""
    key, _, value = word.partition('=')
    if key in ('mem', 'root-disk'):
        size = value.rstrip('Bi')
        factor = {'M': 1, 'G': 1024, 'T': 1024**2, 'P': 1024**3}.get(size[-1:], 1)
        return key, str(float(size.rstrip('MGTP') or 0) * factor)
    return key, ','.join(sorted(value.split(',')))


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
