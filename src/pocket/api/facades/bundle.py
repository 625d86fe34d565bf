"""Bundle: what has to be done to deploy one, and a model as one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bedrock import yamltext
from pocket import bundles
from pocket.api.facade import Call, Facade
from pocket.api.rpc import Json
from pocket.bundles import bases
from pocket.services import bundles as exported
from pocket.services.machines import DEFAULT_BASE

_ARGUMENTS: Mapping[str, tuple[str, ...]] = {
    'addCharm': ('charm', 'base', 'channel'),
    'deploy': (
        *('charm', 'base', 'application', 'options', 'constraints', 'storage', 'devices'),
        *('endpoint-bindings', 'resources', 'num-units', 'local-resources', 'channel'),
    ),
    'addMachines': ('base', 'constraints', 'container-type', 'parent-id'),
    'addUnit': ('application', 'to'),
    'scale': ('application', 'scale'),
    'addRelation': ('endpoint1', 'endpoint2'),
    'expose': ('application', 'exposed-endpoints'),
    'setAnnotations': ('id', 'entity-type', 'annotations'),
    'createOffer': ('application', 'endpoints', 'offer-name'),
    'consumeOffer': ('url', 'application-name'),
    'grantOfferAccess': ('user', 'access', 'offer'),
}
"""The order of the arguments in the older form of the reply."""
_MAPS = frozenset({'options', 'storage', 'devices', 'endpoint-bindings', 'resources', 'local-resources'})


async def get_changes(call: Call) -> Json:
    """Bundle.GetChanges: arguments as a list."""
    return _answer(call, lambda change: [_argument(change, name) for name in _ARGUMENTS[change.method]])


async def get_changes_map_args(call: Call) -> Json:
    """Bundle.GetChangesMapArgs: arguments by name."""
    return _answer(call, _named)


async def export_bundle(call: Call) -> Json:
    """Bundle.ExportBundle."""
    defaults = call.params.flag('include-charm-defaults')
    base, *overlays = call.read(exported.export, call.model_uuid, include_defaults=defaults)
    return {'result': '--- # overlay.yaml\n'.join(_text(document) for document in (base, *overlays))}


def _text(document: Json) -> str:
    return yamltext.dump(document)


def _answer(call: Call, arguments: Callable[[bundles.Change], object]) -> Json:
    try:
        changes = bundles.plan(_bundle(call.params.text('yaml')))
    except bundles.BundleFault as fault:
        return {'errors': list(fault.problems)}
    return {
        'changes': [
            {
                'id': change.id,
                'method': change.method,
                'args': arguments(change),
                'requires': list(change.requires),
            }
            for change in changes
        ]
    }


def _bundle(text: str) -> bundles.Bundle:
    base, *overlays = bundles.load(text, source='bundle')
    return bundles.read(bundles.merge(base, overlays), base_document=base)


def _named(change: bundles.Change) -> Json:
    args = dict(change.args)
    if change.method == 'addMachines':
        # python-libjuju knows bases by their series only, and cannot do without one here.
        args['series'] = bases.series_of(str(args.get('base') or DEFAULT_BASE))
    return args


def _argument(change: bundles.Change, name: str) -> Any:
    if name in change.args:
        return change.args[name]
    return 0 if name == 'num-units' else {} if name in _MAPS else ''


FACADE = Facade(
    name='Bundle',
    versions=(6,),
    methods={
        'ExportBundle': export_bundle,
        'GetChanges': get_changes,
        'GetChangesMapArgs': get_changes_map_args,
    },
)
