"""juju model-defaults, controller-config: settings of the controller, which are only looked at."""

from __future__ import annotations

import json
from typing import Any

from bedrock import errors
from pocket.client import faults, flags, output, replies, shape
from pocket.client.context import Context
from pocket.client.flags import Flag, Given
from pocket.client.render.text import table

Json = dict[str, Any]


def _model_defaults(ctx: Context, given: Given) -> int:
    words = [word for word in given.args if '=' not in word]
    changes = dict(word.split('=', 1) for word in given.args if '=' in word)
    reset = given.listed('reset')
    if words and (changes or reset):
        raise faults.WrongUsage('cannot set and retrieve default values simultaneously')
    if len(words) > 1:
        raise faults.WrongUsage('can only retrieve defaults for one key or all')
    controller = ctx.controller(given)
    tag = f'cloud-{given.text("cloud") or controller.cloud}'
    region = given.text('region')
    with ctx.controller_api(controller) as api:
        place: Json = {'cloud-tag': tag, **({'cloud-region': region} if region else {})}
        if reset:
            replies.only(api.call('ModelManager', 'UnsetModelDefaults', {'keys': [{**place, 'keys': reset}]}))
        if changes:
            replies.only(
                api.call('ModelManager', 'SetModelDefaults', {'config': [{**place, 'config': changes}]})
            )
        if changes or reset:
            return 0
        answer = api.call('ModelManager', 'ModelDefaultsForClouds', {'entities': [{'tag': tag}]})
    found = shape.mapping(replies.only(answer).get('config'))
    if words and words[0] not in found:
        raise errors.Fault(f'there are no default model values for "{words[0]}"')
    shown = {key: shape.mapping(found[key]) for key in sorted(found) if not words or key == words[0]}
    rows = [
        [key, _text(entry.get('default')), _text(entry.get('controller'))] for key, entry in shown.items()
    ]
    header = ['Attribute', 'Default', 'Controller']
    output.show(ctx, given, shown, {'tabular': lambda: table(header, rows)})
    return 0


def _controller_config(ctx: Context, given: Given) -> int:
    changes = dict(word.split('=', 1) for word in given.args if '=' in word)
    words = [word for word in given.args if '=' not in word]
    if words and changes:
        raise faults.WrongUsage('cannot set and retrieve controller values simultaneously')
    if len(words) > 1:
        raise faults.WrongUsage('can only retrieve a single value, or all values')
    with ctx.controller_api(ctx.controller(given)) as api:
        if changes:
            api.call('Controller', 'ConfigSet', {'config': changes})
            return 0
        config = shape.mapping(api.call('Controller', 'ControllerConfig').get('config'))
    if words:
        if words[0] not in config:
            raise errors.Fault(f'key "{words[0]}" not found in controller config')
        output.write(ctx, given, f'{_text(config[words[0]])}\n')
        return 0
    shown = {key: config[key] for key in sorted(config)}
    rows = [[key, _text(value)] for key, value in shown.items()]
    output.show(ctx, given, shown, {'tabular': lambda: table(['Attribute', 'Value'], rows)})
    return 0


def _text(value: object) -> str:
    if value is None or value == '':
        return '-'
    return value if isinstance(value, str) else json.dumps(value)


MODEL_DEFAULTS = flags.Command(
    name='model-defaults',
    usage='[<key> | <key>=<value> ...]',
    summary='Show what the options of new models are.',
    details='A pocket controller refuses to change them: use "juju add-model --config".',
    examples=('juju model-defaults', 'juju model-defaults automatically-retry-hooks'),
    flags=(
        flags.CONTROLLER,
        *flags.formats('tabular', 'json', 'yaml'),
        Flag('cloud', 'Of this cloud', value='CLOUD'),
        Flag('region', 'Of this region', value='REGION'),
        Flag('reset', 'Defaults to put back', value='KEY[,...]'),
    ),
    aliases=('model-default',),
    run=_model_defaults,
)

CONTROLLER_CONFIG = flags.Command(
    name='controller-config',
    usage='[<key> | <key>=<value> ...]',
    summary='Show the configuration of the controller.',
    details='A pocket controller refuses to change it: it takes its own from the environment.',
    examples=('juju controller-config', 'juju controller-config api-port'),
    flags=(flags.CONTROLLER, *flags.formats('tabular', 'json', 'yaml')),
    run=_controller_config,
)
