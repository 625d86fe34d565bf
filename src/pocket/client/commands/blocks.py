"""juju disable-command, enable-command, disabled-commands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pocket.client import faults, flags, output, replies, shape
from pocket.client.context import Context
from pocket.client.flags import Flag, Given
from pocket.client.render.text import table

Json = dict[str, Any]

_SETS: Mapping[str, str] = {
    'destroy-model': 'BlockDestroy',
    'remove-object': 'BlockRemove',
    'all': 'BlockChange',
}
_DETAILS = (
    'A set is "destroy-model", "remove-object" (that, and what removes applications, units, relations,\n'
    'machines, storage and keys) or "all" (these, and all that changes the model).'
)


def _disable(ctx: Context, given: Given) -> int:
    return _switch(ctx, given, 'SwitchBlockOn', message=' '.join(given.args[1:]))


def _enable(ctx: Context, given: Given) -> int:
    return _switch(ctx, given, 'SwitchBlockOff')


def _switch(ctx: Context, given: Given, method: str, *, message: str = '') -> int:
    if given.args[0] not in _SETS:
        known = ', '.join(sorted(_SETS))
        raise faults.WrongUsage(f'bad command set, valid options: {known}')
    with ctx.session(given) as session:
        replies.checked(session.call('Block', method, {'type': _SETS[given.args[0]], 'message': message}))
    return 0


def _disabled(ctx: Context, given: Given) -> int:
    with ctx.session(given) as session:
        results = shape.objects(session.call('Block', 'List').get('results'))
    names = {block: name for name, block in _SETS.items()}
    blocks = [shape.mapping(item.get('result')) for item in results]
    shown: list[Json] = [
        {
            'command-set': names.get(str(block.get('type')), str(block.get('type'))),
            **({'message': str(block['message'])} if block.get('message') else {}),
        }
        for block in blocks
    ]
    output.show(ctx, given, shown, {'tabular': lambda: _table(shown)})
    return 0


def _table(shown: list[Json]) -> str:
    if not shown:
        return 'No commands are currently disabled.'
    rows = [[item['command-set'], item.get('message', '')] for item in shown]
    return table(['Disabled commands', 'Message'], rows)


DISABLE_COMMAND = flags.Command(
    name='disable-command',
    usage='<command set> [message...]',
    summary='Disable commands for a model, so that nobody runs them by mistake.',
    details=_DETAILS,
    examples=(
        'juju disable-command destroy-model "Check with SA before destruction."',
        'juju disable-command all',
    ),
    flags=(flags.MODEL,),
    least=1,
    missing='missing command set (all, destroy-model, remove-object)',
    run=_disable,
)

ENABLE_COMMAND = flags.Command(
    name='enable-command',
    usage='<command set>',
    summary='Enable commands that "juju disable-command" disabled.',
    details=_DETAILS,
    examples=('juju enable-command remove-object',),
    flags=(flags.MODEL,),
    least=1,
    most=1,
    missing='missing command set (all, destroy-model, remove-object)',
    run=_enable,
)

DISABLED_COMMANDS = flags.Command(
    name='disabled-commands',
    summary='List the commands that are disabled for a model.',
    examples=('juju disabled-commands',),
    flags=(
        flags.MODEL,
        *flags.formats('tabular', 'json', 'yaml'),
        Flag('all', 'Of every model', refused='name a model with --model'),
    ),
    most=0,
    aliases=('list-disabled-commands',),
    run=_disabled,
)
