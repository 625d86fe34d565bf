"""The steps of a bundle, run one after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bedrock import errors
from pocket import bundles
from pocket.client import replies, values
from pocket.client.bundles import charm_steps, offer_steps
from pocket.client.bundles.charm_steps import Added
from pocket.client.context import Context, Session
from pocket.client.waiting.entities import machine_of

Json = dict[str, Any]


class Runner:
    """Runs steps; later ones speak of the results of earlier ones by ``$<id>``."""

    def __init__(
        self, ctx: Context, session: Session, changes: Sequence[bundles.Change], *, force: bool
    ) -> None:
        self._ctx = ctx
        self._session = session
        self._changes = changes
        self._force = force
        self._results: dict[str, str] = {}
        self._charms: dict[str, Added] = {}
        self._bases: dict[str, Mapping[str, str]] = {}
        """Base by the step that deployed an application."""
        self._steps: Mapping[str, Callable[[bundles.Change], str]] = {
            'addCharm': self._add_charm,
            'addMachines': self._add_machine,
            'addRelation': self._add_relation,
            'addUnit': self._add_unit,
            'consumeOffer': lambda change: offer_steps.consume(ctx, session, change.args),
            'createOffer': lambda change: offer_steps.create(ctx, session, change.args),
            'deploy': self._deploy,
            'expose': self._expose,
            'grantOfferAccess': lambda change: offer_steps.grant(ctx, session, change.args),
            'scale': self._scale,
            'setAnnotations': self._annotate,
            'setConstraints': self._set_constraints,
            'setOptions': self._set_options,
            'upgradeCharm': self._upgrade,
        }

    def run(self) -> None:
        """Run every step, and say so before each.

        Raises:
            Fault: a step failed; those before it stay done.
        """
        for change in self._changes:
            for line in change.lines:
                self._ctx.out(f'- {line}')
            try:
                self._results[change.id] = self._steps[change.method](change)
            except errors.Fault as err:
                # Juju's text is one line; a cause would repeat it.
                raise errors.Fault(f'cannot deploy bundle: {err}', hint=err.hint) from None

    def _resolve(self, text: str) -> str:
        """*text* with the step that it begins with replaced by that step's result."""
        if not text.startswith('$'):
            return text
        step, colon, endpoint = text[1:].partition(':')
        return f'{self._results[step]}{colon}{endpoint}'

    def _add_charm(self, change: bundles.Change) -> str:
        added = charm_steps.add(self._ctx, self._session, change.args, force=self._force)
        self._charms[f'${change.id}'] = added
        return added.url

    def _deploy(self, change: bundles.Change) -> str:
        args, added = change.args, self._charms[change.args['charm']]
        name = str(args['application'])
        constraints = values.constraints([args.get('constraints', '')])
        self._bases[f'${change.id}'] = added.origin['base']
        request: Json = {
            'application': name,
            'charm-url': added.url,
            'charm-origin': added.origin,
            'channel': args.get('channel', ''),
            'num-units': args.get('num-units', 0),
            'config': _texts(args.get('options', {})),
            'config-yaml': '',
            'constraints': constraints,
            'storage': values.storage(f'{key}={word}' for key, word in args.get('storage', {}).items()),
            'devices': args.get('devices', {}),
            'endpoint-bindings': args.get('endpoint-bindings', {}),
            'resources': charm_steps.resources(self._session, added, args),
            'Force': self._force,
        }
        answer = self._session.call('Application', 'Deploy', {'applications': [request]})
        replies.only(answer)
        return name

    def _upgrade(self, change: bundles.Change) -> str:
        args, added = change.args, self._charms[change.args['charm']]
        self._session.call(
            'Application',
            'SetCharm',
            {
                'application': args['application'],
                'generation': '',
                'charm-url': added.url,
                'charm-origin': added.origin,
                'channel': args.get('channel', ''),
                'force': self._force,
                'force-base': self._force,
                'force-units': False,
                'resource-ids': charm_steps.resources(self._session, added, args),
            },
        )
        return str(args['application'])

    def _add_machine(self, change: bundles.Change) -> str:
        args = change.args
        wanted: Json = {
            'jobs': ['JobHostUnits'],
            'constraints': values.constraints([args.get('constraints', '')]),
        }
        if args.get('container-type'):
            parent = str(args.get('parent-id', ''))
            wanted |= {'container-type': args['container-type'], 'parent-id': self._machine(parent)}
        base = values.base(args['base']) if args.get('base') else self._base_for(change)
        if base:
            wanted['base'] = base
        answer = self._session.call('MachineManager', 'AddMachines', {'params': [wanted]})
        return str(replies.only(answer, 'machines').get('machine'))

    def _base_for(self, change: bundles.Change) -> Mapping[str, str]:
        """What a machine must run for the first application that goes there, when the bundle does not say."""
        for later in self._changes:
            if later.method == 'addUnit' and later.args.get('to') == f'${change.id}':
                return self._bases.get(later.args['application'], {})
        return {}

    def _add_unit(self, change: bundles.Change) -> str:
        args = change.args
        machine = self._machine(str(args.get('to', '')))
        request: Json = {'application': self._resolve(args['application']), 'num-units': 1}
        if machine:
            request['placement'] = [{'scope': '#', 'directive': machine}]
        answer = self._session.call('Application', 'AddUnits', request)
        return str(answer['units'][0])

    def _scale(self, change: bundles.Change) -> str:
        name = self._resolve(change.args['application'])
        request = {'application-tag': f'application-{name}', 'scale': change.args['scale']}
        replies.only(self._session.call('Application', 'ScaleApplications', {'applications': [request]}))
        return ''

    def _machine(self, to: str) -> str:
        """The machine that *to* means: a machine, or that of a unit."""
        resolved = self._resolve(to)
        return machine_of(self._session, resolved) if values.is_unit(resolved) else resolved

    def _add_relation(self, change: bundles.Change) -> str:
        sides = [self._resolve(change.args[key]) for key in ('endpoint1', 'endpoint2')]
        self._session.call('Application', 'AddRelation', {'endpoints': sides})
        return ''

    def _expose(self, change: bundles.Change) -> str:
        request: Json = {'application': self._resolve(change.args['application'])}
        if change.args.get('exposed-endpoints'):
            request['exposed-endpoints'] = change.args['exposed-endpoints']
        self._session.call('Application', 'Expose', request)
        return ''

    def _annotate(self, change: bundles.Change) -> str:
        name = self._resolve(change.args['id'])
        kind = change.args['entity-type']
        tag = values.machine_tag(name) if kind == 'machine' else f'application-{name}'
        entry = {'entity': tag, 'annotations': change.args['annotations']}
        replies.only(self._session.call('Annotations', 'Set', {'annotations': [entry]}))
        return ''

    def _set_options(self, change: bundles.Change) -> str:
        entry = {
            'application': change.args['application'],
            'generation': '',
            'config': _texts(change.args['options']),
        }
        replies.only(self._session.call('Application', 'SetConfigs', {'Args': [entry]}))
        return ''

    def _set_constraints(self, change: bundles.Change) -> str:
        wanted = values.constraints([change.args['constraints']])
        self._session.call(
            'Application',
            'SetConstraints',
            {'application': change.args['application'], 'constraints': wanted},
        )
        return ''


def _texts(options: Mapping[str, Any]) -> dict[str, str]:
    return {
        key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in options.items()
    }
