"""juju run: actions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, cast

from pocket.client import faults, flags, tasks, values
from pocket.client.context import Context
from pocket.client.flags import Flag, Given

Json = dict[str, Any]

_DEFAULT_WAIT_S = 60
_ACTION_NAME = re.compile(r'[a-z](?:[a-z0-9-]*[a-z0-9])?')


def _run(ctx: Context, given: Given) -> int:
    units, action, words = _split(given.args)
    limit_ns = tasks.wait_ns(given, default_s=_DEFAULT_WAIT_S)
    parameters = values.yaml_mapping(given.text('params')) if given.text('params') else {}
    for word in words:
        key, value = values.pair(word)
        place(parameters, key.split('.'), value if given.on('string-args') else values.yaml_value(value))
    with ctx.session(given) as session:
        actions = [{'receiver': _receiver(unit), 'name': action, 'parameters': parameters} for unit in units]
        enqueued = session.call('Action', 'EnqueueOperation', {'actions': actions})
        return tasks.follow(ctx, given, session, enqueued, limit_ns=limit_ns)


def place(parameters: Json, keys: Sequence[str], value: Any) -> None:
    """Set the nested entry ``a.b.c`` of *parameters*; what stood in the way is replaced."""
    inner = parameters
    for key in keys[:-1]:
        found = inner.get(key)
        if not isinstance(found, dict):
            found = inner[key] = {}
        inner = cast('Json', found)
    inner[keys[-1]] = value


def _split(words: Sequence[str]) -> tuple[list[str], str, Sequence[str]]:
    """Units, the action's name, and the ``key=value`` words after it."""
    units: list[str] = []
    for number, word in enumerate(words):
        if values.is_unit(word):
            units.append(word)
            continue
        if not _ACTION_NAME.fullmatch(word):
            raise faults.WrongUsage(f'invalid unit or action name "{word}"')
        if not units:
            break
        return units, word, words[number + 1 :]
    raise faults.WrongUsage('no action specified' if units else 'no unit specified')


def _receiver(unit: str) -> str:
    # The server finds the leader itself: its name has no tag.
    return unit if unit.endswith('/leader') else values.unit_tag(unit)


RUN = flags.Command(
    name='run',
    usage='<unit> [<unit> ...] <action> [<key>=<value> ...]',
    summary='Run an action on units.',
    details='Values are read as YAML; a key with dots sets a nested value.',
    examples=(
        'juju run mysql/3 backup',
        'juju run mysql/leader backup target.bucket=daily --wait 2m',
        'juju run mysql/3 backup --params parameters.yaml --format json',
    ),
    flags=(
        flags.MODEL,
        *tasks.FLAGS,
        Flag('params', 'YAML file of parameters', value='FILE'),
        Flag('string-args', 'Take the values as they are typed'),
    ),
    least=2,
    missing='no unit specified',
    run=_run,
)
