"""Tools about what the charm says of itself: status, version, log lines."""

from __future__ import annotations

from typing import Any

from pocket.agents.tools._args import quote
from pocket.agents.tools._protocol import (
    Effect,
    Log,
    Reply,
    SetApplicationStatus,
    SetUnitStatus,
    SetWorkloadVersion,
    ToolFault,
    UsageFault,
)
from pocket.agents.tools._tool import Call, Tool
from pocket.model import Status

_SETTABLE = ('maintenance', 'blocked', 'waiting', 'active')
_LEVELS = {level: level for level in ('TRACE', 'DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL')}
_LEVELS['WARN'] = 'WARNING'
NOT_LEADER = 'this unit is not the leader'


def _status_set(call: Call) -> Reply:
    if not call.args:
        raise UsageFault('invalid args, require <status> [message]')
    value, message = call.arg(0), call.arg(1)
    if value not in _SETTABLE:
        raise UsageFault(f'invalid status {quote(value)}, expected one of [{" ".join(_SETTABLE)}]')
    if 'application' not in call.switches:
        call.context.status_set = True
        return Reply(effects=(SetUnitStatus(value=value, message=message),))
    if not call.context.view.leader:
        raise ToolFault(NOT_LEADER)
    return Reply(effects=(SetApplicationStatus(value=value, message=message),))


def _status_get(call: Call) -> Reply:
    full = 'include-data' in call.switches
    if 'application' in call.switches:
        if not call.context.view.leader:
            raise ToolFault(f'finding application status: {NOT_LEADER}')
        own, units = call.context.reader.application_status()
        shown = _shown(own, full=True) | {
            'units': {unit: _shown(status, full=True) for unit, status in units.items()}
        }
        return call.show({'application-status': shown})
    status = call.context.reader.unit_status()
    if not full and call.style == 'smart':
        return call.show(status.value)
    return call.show(_shown(status, full=full))


def _shown(status: Status, *, full: bool) -> dict[str, Any]:
    if not full:
        return {'status': status.value}
    return {'status': status.value, 'message': status.message, 'status-data': dict(status.data)}


def _version_set(call: Call) -> Reply:
    if not call.args:
        raise UsageFault('no version specified')
    return Reply(effects=(SetWorkloadVersion(version=call.arg(0)),))


def _juju_log(call: Call) -> Reply:
    if not call.args:
        raise UsageFault('no message specified')
    asked = call.values.get('l', 'INFO')
    severity = 'DEBUG' if 'debug' in call.switches else _LEVELS.get(asked.upper(), 'INFO')
    prefix = ''
    if call.context.hook and call.context.hook.in_relation:
        prefix = f'{call.context.hook.endpoint}:{call.context.hook.relation_id}: '
    effects: list[Effect] = [Log(severity=severity, message=prefix + ' '.join(call.args))]
    if asked.upper() not in _LEVELS:
        effects.insert(0, Log(severity='WARNING', message=f'"{asked}" is not a valid log level'))
    return Reply(effects=tuple(effects))


TOOLS = (
    Tool(name='application-version-set', usage='<version>', run=_version_set, max_args=1),
    Tool(
        name='juju-log',
        usage='[-l LEVEL] <message>',
        run=_juju_log,
        texts=('l log-level', 'format'),
        switches=('debug',),
        max_args=None,
    ),
    Tool(
        name='status-get',
        usage='[--include-data] [--application]',
        run=_status_get,
        switches=('include-data', 'application'),
        style='smart',
    ),
    Tool(
        name='status-set',
        usage='[--application] <maintenance | blocked | waiting | active> [message]',
        run=_status_set,
        switches=('application',),
        max_args=2,
    ),
)
