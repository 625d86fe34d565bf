"""Tools about keys and values: the leader's settings and the charm's own state."""

from __future__ import annotations

from typing import Any, cast

import yaml

from pocket.agents.tools import _args
from pocket.agents.tools._protocol import Reply, SetLeaderSettings, ToolFault, UsageFault
from pocket.agents.tools._status import NOT_LEADER
from pocket.agents.tools._tool import Call, Tool


def given(call: Call) -> dict[str, str]:
    """The keys and values of ``--file`` with those of the arguments on top."""
    typed = _args.pairs(call.args)
    path = call.values.get('file')
    return {**_from_file(call.request.read(path)), **typed} if path else typed


def _from_file(text: str) -> dict[str, str]:
    try:
        # The base loader keeps every scalar as the text that it is.
        loaded: Any = yaml.BaseLoader(text).get_single_data()
    except yaml.YAMLError as err:
        raise ToolFault(f'cannot read settings: {err}') from err
    if loaded is None:
        return {}
    if not isinstance(loaded, dict):
        raise ToolFault('cannot read settings: expected a map of keys to values')
    for key, value in cast('dict[Any, Any]', loaded).items():
        if not isinstance(value, str):
            raise ToolFault(f'cannot read settings: the value of "{key}" is not a string')
    return cast('dict[str, str]', loaded)


def _leader_get(call: Call) -> Reply:
    return call.show_key(dict(call.context.reader.leader_settings()))


def _leader_set(call: Call) -> Reply:
    changes = _args.pairs(call.args)
    if not call.context.view.leader:
        raise ToolFault(f'cannot write leadership settings: {NOT_LEADER}')
    return Reply(effects=(SetLeaderSettings(changes=changes),)) if changes else Reply()


def _is_leader(call: Call) -> Reply:
    return call.show(call.context.view.leader)


def _state_get(call: Call) -> Reply:
    values = call.context.read_state()
    key = call.key()
    if key and key not in values and 'strict' in call.switches:
        raise ToolFault(f'{_args.quote(key)} not found')
    return call.show_key(values)


def _state_set(call: Call) -> Reply:
    call.context.state.update(given(call))
    return Reply()


def _state_delete(call: Call) -> Reply:
    if not call.args:
        raise UsageFault('no key specified')
    call.context.state[call.arg(0)] = None
    return Reply()


TOOLS = (
    Tool(name='is-leader', usage='', run=_is_leader, style='smart'),
    Tool(name='leader-get', usage='[<key>]', run=_leader_get, style='smart', max_args=1),
    Tool(name='leader-set', usage='<key>=<value> [...]', run=_leader_set, max_args=None),
    Tool(name='state-delete', usage='<key>', run=_state_delete, max_args=1),
    Tool(
        name='state-get',
        usage='[--strict] [<key>]',
        run=_state_get,
        switches=('strict',),
        style='smart',
        max_args=1,
    ),
    Tool(
        name='state-set',
        usage='[--file FILE] <key>=<value> [...]',
        run=_state_set,
        texts=('file',),
        max_args=None,
    ),
)
