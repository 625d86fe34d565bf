"""juju debug-hooks, juju debug-code: a tmux session beside a unit, in which its hooks run by hand."""

from __future__ import annotations

import base64
import shlex
from typing import Any

import yaml

from bedrock import errors, process
from pocket.client import flags, podexec
from pocket.client.commands import ssh
from pocket.client.context import Context, Session
from pocket.client.flags import Flag, Given

_HOOKS = frozenset(
    {
        *('install', 'start', 'stop', 'remove', 'config-changed', 'update-status', 'upgrade-charm'),
        *('leader-elected', 'leader-settings-changed', 'leader-deposed', 'collect-metrics'),
        *('secret-changed', 'secret-expired', 'secret-remove', 'secret-rotate'),
    }
)
_RELATION_KINDS = ('created', 'joined', 'changed', 'departed', 'broken')
_STORAGE_KINDS = ('attached', 'detaching')
_WORKLOAD_KINDS = ('ready', 'custom-notice', 'check-failed', 'check-recovered')

# The agent looks for the file and for the lock on it; it holds the wishes as Juju's own client writes them.
_SESSION = r"""
unit=$1 file=$2 wishes=$3
if ! command -v tmux >/dev/null; then
    echo 'installing tmux on the machine' >&2
    { apt-get install -y tmux || { apt-get update && apt-get install -y tmux; }; } >/dev/null 2>&1
fi
if ! command -v tmux >/dev/null; then
    echo 'ERROR cannot debug hooks: the machine has no tmux, and it cannot be installed' >&2
    exit 1
fi
[ -L "$file" ] && rm -f "$file"
umask 077
exec 8>>"$file"
if ! flock -n 8; then
    echo "joining the debug session that $unit has already" >&2
    exec tmux attach-session -t "=$unit" 8>&-
fi
echo "$wishes" | base64 -d >"$file"
tmux kill-session -t "=$unit" 2>/dev/null
tmux new-session -d -s "$unit" -n "$unit" 8>&- || exit 1
tmux attach-session -t "=$unit" 8>&-
tmux kill-session -t "=$unit" 2>/dev/null
rm -f "$file"
exit 0
"""


def _debug_hooks(ctx: Context, given: Given) -> int:
    return _debug(ctx, given, debug_at='')


def _debug_code(ctx: Context, given: Given) -> int:
    return _debug(ctx, given, debug_at=given.text('at') or 'all')


def _debug(ctx: Context, given: Given, *, debug_at: str) -> int:
    target, *names = given.args
    with ctx.session(given) as session:
        tag = ssh.tag_of(session, target)
        unit = ssh.unit_of(tag, target)
        _check(session, unit, names)
        if session.is_caas:
            return _debug_in_pod(ctx, session, given, unit, tag, names, debug_at)
        host = ssh.host_of(session, target, checked=not given.on('no-host-key-checks'))
    words = ['sudo', *_session_words(unit, tag, names, debug_at)]
    with ssh.options_for(ctx, given, [host]) as options:
        terminal = [] if given.was_given('pty') and not given.on('pty') else ['-t', '-t']
        return process.attached(['ssh', *options, *terminal, f'ubuntu@{host.address}', shlex.join(words)])


def _debug_in_pod(
    ctx: Context, session: Session, given: Given, unit: str, tag: str, names: list[str], debug_at: str
) -> int:
    if not ctx.stdin.isatty():
        raise errors.Fault('cannot debug hooks: that needs a terminal, and there is none here')
    place = podexec.Place(unit=unit)
    words = _session_words(unit, tag, names, debug_at)
    return podexec.run(session, place, words, streams=podexec.Streams(), terminal=True)


def _session_words(unit: str, tag: str, names: list[str], debug_at: str) -> list[str]:
    wishes: dict[str, Any] = {'hooks': names} if names else {}
    if debug_at:
        wishes['debug-at'] = debug_at
    encoded = base64.b64encode(yaml.safe_dump(wishes).encode()).decode() if wishes else ''
    file = f'/tmp/juju-{tag}-debug-hooks'  # noqa: S108 (on the machine)
    return ['/bin/bash', '-c', _SESSION, 'debug-hooks', unit, file, encoded]


def _check(session: Session, unit: str, names: list[str]) -> None:
    """Refuse names that the unit's charm cannot have, which would wait for ever."""
    if not names or names == ['*']:
        return
    application = unit.partition('/')[0]
    entities = {'entities': [{'tag': f'application-{application}'}]}
    answer = session.call('Action', 'ApplicationsCharmsActions', entities)
    declared: dict[str, Any] = answer['results'][0].get('actions') or {}
    endpoints = _endpoints(session, application)
    known = {
        *_HOOKS,
        *declared,
        *(f'{name}-relation-{kind}' for name in endpoints['relations'] for kind in _RELATION_KINDS),
        *(f'{name}-storage-{kind}' for name in endpoints['storage'] for kind in _STORAGE_KINDS),
        *(f'{name}-pebble-{kind}' for name in endpoints['containers'] for kind in _WORKLOAD_KINDS),
    }
    for name in names:
        if name not in known:
            raise errors.Fault(
                f'unit "{unit}" contains neither hook nor action "{name}", '
                f'valid actions are [{" ".join(sorted(declared))}] '
                f'and valid hooks are [{" ".join(sorted(known - set(declared)))}]'
            )


def _endpoints(session: Session, application: str) -> dict[str, list[str]]:
    got = session.call('Application', 'GetCharmURLOrigin', {'application': application})
    meta: dict[str, Any] = session.call('Charms', 'CharmInfo', {'url': got['url']}).get('meta') or {}
    declared: list[dict[str, Any]] = [meta.get(role) or {} for role in ('provides', 'requires', 'peers')]
    return {
        'relations': ['juju-info', *(name for one in declared for name in one)],
        'storage': [*(meta.get('storage') or {})],
        'containers': [*(meta.get('containers') or {})],
    }


_ELSEWHERE = "hooks run in the charm's container alone"
_SHARED = (
    flags.MODEL,
    Flag('container', 'A container of a pod', value='NAME', refused=_ELSEWHERE),
    Flag('no-host-key-checks', 'Do not check the host key'),
    Flag('proxy', 'By way of the controller, which is on this host already: nothing changes'),
    Flag('pty', 'Ask for a terminal (the default)'),
    Flag('remote', 'The workload container of a pod', refused=_ELSEWHERE),
)

DEBUG_HOOKS = flags.Command(
    name='debug-hooks',
    usage='<unit> [<hook or action> ...]',
    summary='Run hooks and actions of a unit by hand, in a tmux session on its machine or in its pod.',
    details=(
        'When one of the named hooks or actions is due, or any if none is named, a window opens with its\n'
        'environment. Hook tools work there; "exit 0" keeps what was done and "exit 1" makes it fail.\n'
        'The session ends when you detach from it.'
    ),
    aliases=('debug-hook',),
    examples=(
        'juju debug-hooks mysql/0',
        'juju debug-hooks mysql/leader config-changed backup',
        'juju debug-hooks wordpress/0 wordpress-pebble-ready',
    ),
    flags=_SHARED,
    least=1,
    missing='no unit name specified',
    run=_debug_hooks,
)

DEBUG_CODE = flags.Command(
    name='debug-code',
    usage='<unit> [<hook or action> ...]',
    summary='Run hooks and actions of a unit in a tmux session with JUJU_DEBUG_AT set.',
    details='The charm decides what that means: with ops, breakpoints, of which "all" and "hook" are names.',
    examples=('juju debug-code mysql/0', 'juju debug-code --at=hook mysql/0 install'),
    flags=(*_SHARED, Flag('at', 'Where the charm is to stop', value='NAME[,...]')),
    least=1,
    missing='no unit name specified',
    run=_debug_code,
)
