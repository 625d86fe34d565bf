"""juju model-config."""

from __future__ import annotations

import json
from difflib import get_close_matches
from typing import Any

from bedrock import errors
from pocket.client import faults, flags, output, values
from pocket.client.context import Context, Session, local_path
from pocket.client.flags import Flag, Given
from pocket.client.render.text import table

Json = dict[str, Any]

_HIDDEN = frozenset({'name', 'uuid', 'type'})
_READ_ONLY = _HIDDEN | {'agent-version'}


def _model_config(ctx: Context, given: Given) -> int:
    files = [word for word in given.args if '=' not in word and local_path(word).is_file()]
    if given.text('file'):
        files.append(given.text('file'))
    changes = values.typed_settings([*files, *(word for word in given.args if '=' in word)])
    if given.on('ignore-read-only-fields'):
        changes = {key: value for key, value in changes.items() if key not in _READ_ONLY}
    wanted = [word for word in given.args if '=' not in word and word not in files]
    reset = given.listed('reset')
    if wanted and (changes or reset):
        raise faults.WrongUsage('cannot set and retrieve model values simultaneously')
    if len(wanted) > 1:
        raise faults.WrongUsage('can only retrieve a single value, or all values')
    with ctx.session(given) as session:
        if not (changes or reset):
            return _show(ctx, given, session, wanted)
        if reset:
            session.call('ModelConfig', 'ModelUnset', {'keys': reset})
        if changes:
            _warn(ctx, session, changes)
            session.call('ModelConfig', 'ModelSet', {'config': changes})
    return 0


def _show(ctx: Context, given: Given, session: Session, wanted: list[str]) -> int:
    config: Json = session.call('ModelConfig', 'ModelGet').get('config') or {}
    if wanted:
        found = config.get(wanted[0])
        if found is None:
            raise errors.Fault(f'key "{wanted[0]}" not found in "{session.target.model.name}" model')
        output.write(ctx, given, f'{_text(found.get("value"))}\n')
        return 0
    visible = {key: config[key] for key in sorted(config) if key not in _HIDDEN}
    shown = {key: {'Value': item.get('value'), 'Source': item.get('source')} for key, item in visible.items()}
    rows = [[key, str(item.get('source') or ''), _text(item.get('value'))] for key, item in visible.items()]
    output.show(ctx, given, shown, {'tabular': lambda: table(['Attribute', 'From', 'Value'], rows)})
    return 0


def _warn(ctx: Context, session: Session, changes: Json) -> None:
    """Say which settings the model does not know; it keeps them all the same."""
    known: Json = session.call('ModelConfig', 'ModelGet').get('config') or {}
    for key in sorted(set(changes) - set(known)):
        close = get_close_matches(key, known, n=1)
        guess = f', did you mean "{close[0]}"?' if close else ''
        ctx.info(f'WARNING key "{key}" is not defined in the current model configuration{guess}')


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return '' if value is None else json.dumps(value)


MODEL_CONFIG = flags.Command(
    name='model-config',
    usage='[<key> | <key>=<value> ... | <file>]',
    summary='Get, set, or reset the configuration of a model.',
    examples=(
        'juju model-config',
        'juju model-config update-status-hook-interval=1m',
        'juju model-config --reset update-status-hook-interval',
    ),
    flags=(
        flags.MODEL,
        *flags.formats('tabular', 'json', 'yaml'),
        Flag('file', 'YAML file of settings', value='FILE'),
        Flag('ignore-read-only-fields', 'Pass over settings that cannot be changed, such as agent-version'),
        Flag('reset', 'Settings to put back to their defaults', value='KEY[,...]'),
    ),
    run=_model_config,
)
