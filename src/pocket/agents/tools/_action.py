"""Tools that work only while an action runs."""

from __future__ import annotations

import re
from typing import Any, cast

from pocket.agents.tools._args import quote
from pocket.agents.tools._protocol import LogAction, Reply, ToolFault, UsageFault
from pocket.agents.tools._tool import Call, Tool
from pocket.model import PendingAction

_KEY = re.compile(r'[a-z0-9](([a-z0-9-]*)[a-z0-9])?')
_RESERVED = ('stdout', 'stdout-encoding', 'stderr', 'stderr-encoding')


def _running(call: Call) -> PendingAction:
    if call.context.action is None:
        raise ToolFault('not running an action')
    return call.context.action


def _action_get(call: Call) -> Reply:
    found: Any = dict(_running(call).parameters)
    for part in filter(None, call.arg(0).split('.')):
        found = cast('dict[str, Any]', found).get(part) if isinstance(found, dict) else None
    return call.show(found)


def _action_set(call: Call) -> Reply:
    _running(call)
    for arg in call.args:
        keys, equals, value = arg.partition('=')
        if not equals or not keys:
            raise UsageFault(f'argument {quote(arg)} must be of the form key...=value')
        path = keys.split('.')
        for key in path:
            if not _KEY.fullmatch(key):
                raise UsageFault(
                    f'key {quote(key)} must start and end with lowercase alphanumeric, '
                    'and contain only lowercase alphanumeric and hyphens'
                )
        if path[0] in _RESERVED:
            raise UsageFault(f'cannot set reserved action key {quote(path[0])}')
        _put(call.context.action_results, path, value)
    return Reply()


def _put(results: dict[str, Any], path: list[str], value: str) -> None:
    *parents, last = path
    for key in parents:
        inner = results.get(key)
        if not isinstance(inner, dict):
            inner = results[key] = {}
        results = cast('dict[str, Any]', inner)
    results[last] = value


def _action_fail(call: Call) -> Reply:
    _running(call)
    call.context.action_failed = True
    call.context.action_message = call.arg(0) or 'action failed without reason given, check action for errors'
    return Reply()


def _action_log(call: Call) -> Reply:
    _running(call)
    if not call.args:
        raise UsageFault('no message specified')
    return Reply(effects=(LogAction(message=' '.join(call.args)),))


TOOLS = (
    Tool(name='action-fail', usage='["<failure message>"]', run=_action_fail, max_args=1),
    Tool(name='action-get', usage='[<key>[.<key>.<key>...]]', run=_action_get, style='smart', max_args=1),
    Tool(name='action-log', usage='<message>', run=_action_log, max_args=None),
    Tool(
        name='action-set',
        usage='<key>=<value> [<key>.<key>....=<value> ...]',
        run=_action_set,
        max_args=None,
    ),
)
