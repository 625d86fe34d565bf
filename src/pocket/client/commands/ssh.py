"""juju ssh, juju scp: OpenSSH with the client's key, the target's address and its known host keys."""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bedrock import errors, jujukeys, process
from pocket.client import faults, flags, podexec, podfiles, replies, shape, values
from pocket.client.context import Context, Session
from pocket.client.flags import Flag, Given

_USER = 'ubuntu'
_PROBE_S = 2.0
_SSH_PORT = 22


@dataclass(frozen=True, slots=True, kw_only=True)
class _Host:
    """A machine that OpenSSH can reach."""

    address: str
    addresses: tuple[str, ...]
    keys: tuple[str, ...]


def _ssh(ctx: Context, given: Given) -> int:
    target, *words = given.args
    user, at, name = target.rpartition('@')
    with ctx.session(given) as session:
        _check_kind(session, given)
        if session.is_caas:
            return _in_pod(ctx, session, given, name, words)
        host = host_of(session, name, checked=not given.on('no-host-key-checks'))
    terminal = _wants_terminal(ctx, given, words)
    with options_for(ctx, given, [host]) as options:
        login = f'{user if at else _USER}@{host.address}'
        return process.attached(['ssh', *options, *(['-t', '-t'] if terminal else []), login, *words])


def _in_pod(ctx: Context, session: Session, given: Given, name: str, words: Sequence[str]) -> int:
    # Juju runs what there is of a shell; words are one line for it, as for OpenSSH, which takes "--" too.
    words = words[1:] if words[:1] == ['--'] else words
    line = ' '.join(words) or 'command -v bash >/dev/null 2>&1 && exec bash; exec sh'
    terminal = _wants_terminal(ctx, given, words) or (not words and ctx.stdin.isatty())
    if terminal and not ctx.stdin.isatty():
        raise errors.Fault('cannot give the program a terminal: there is none here')
    place = place_of(session, given, name)
    return podexec.run(session, place, ['sh', '-c', line], streams=podexec.Streams(), terminal=terminal)


def place_of(session: Session, given: Given, name: str) -> podexec.Place:
    """The container of the unit *name* that the flags mean: by default the charm's.

    Raises:
        Fault: *name* is no unit, or it has several workload containers and none is named.
    """
    unit = unit_of(tag_of(session, name), name)
    container = given.text('container')
    if given.on('remote') and not container:
        container = _workload_of(session, unit)
    return podexec.Place(unit=unit, container=container or 'charm')


def unit_of(tag: str, name: str) -> str:
    """The unit that *tag* is of.

    Raises:
        WrongUsage: it is of no unit.
    """
    kind, _, rest = tag.partition('-')
    if kind != 'unit':
        raise faults.WrongUsage(f'"{name}" is not a valid unit name')
    application, _, number = rest.rpartition('-')
    return f'{application}/{number}'


def _workload_of(session: Session, unit: str) -> str:
    application = unit.partition('/')[0]
    got = session.call('Application', 'GetCharmURLOrigin', {'application': application})
    charm = session.call('Charms', 'CharmInfo', {'url': got['url']})
    meta = shape.mapping(charm.get('meta'))
    names = sorted(shape.mapping(meta.get('containers')))
    if len(names) != 1:
        known = ', '.join(names) or 'none'
        raise errors.Fault(
            f'cannot choose a workload container of {unit}: there is {known}', hint='Name one by --container.'
        )
    return names[0]


def _check_kind(session: Session, given: Given) -> None:
    """Refuse what is for units on Kubernetes.

    Raises:
        WrongUsage: such a flag was given, and the model has machines.
    """
    for key in ('container', 'remote'):
        if given.was_given(key) and not session.is_caas:
            raise faults.WrongUsage(f'option --{key} is not supported: it is for units on Kubernetes')


def _scp(ctx: Context, given: Given) -> int:
    with ctx.session(given) as session:
        _check_kind(session, given)
        if session.is_caas:
            return _scp_in_pods(session, given)
        hosts: list[_Host] = []
        words = [_resolved(session, given, word, hosts) for word in given.args]
    if not hosts:
        raise faults.WrongUsage('neither source nor destination names a unit or machine')
    with options_for(ctx, given, hosts) as options:
        return process.attached(['scp', *options, *words])


def _scp_in_pods(session: Session, given: Given) -> int:
    options = [word for word in given.args if word.startswith('-')]
    unknown = [word for word in options if set(word[1:]) - set('rpqCv')]
    if unknown:
        raise faults.WrongUsage(f'option {unknown[0]} is not supported for units on Kubernetes')
    places = [_place(session, given, word) for word in given.args if not word.startswith('-')]
    if len(places) < 2:
        raise faults.WrongUsage('at least two arguments required')
    recursive = any('r' in word for word in options)
    return podfiles.copy(session, places[:-1], places[-1], recursive=recursive)


def _place(session: Session, given: Given, word: str) -> podfiles.Remote | Path:
    place, colon, path = word.partition(':')
    name = place.rpartition('@')[2]
    if not colon or not (values.is_unit(name) or values.is_machine(name)):
        return Path(word).expanduser()
    return podfiles.Remote(place=place_of(session, given, name), path=path)


def _resolved(session: Session, given: Given, word: str, hosts: list[_Host]) -> str:
    """*word* with the target's address in place of its name; what names no target stays as it is."""
    place, colon, path = word.partition(':')
    user, at, name = place.rpartition('@')
    if not colon or word.startswith('-') or not (values.is_unit(name) or values.is_machine(name)):
        return word
    host = host_of(session, name, checked=not given.on('no-host-key-checks'))
    hosts.append(host)
    address = f'[{host.address}]' if ':' in host.address else host.address
    return f'{user if at else _USER}@{address}:{path}'


def host_of(session: Session, name: str, *, checked: bool) -> _Host:
    """Where the unit or machine *name* is, and by which keys to know it."""
    tag = tag_of(session, name)
    entities = {'entities': [{'tag': tag}]}
    found: list[str] = (
        replies.only(session.call('SSHClient', 'AllAddresses', entities)).get('addresses') or []
    )
    usable = [address for address in found if not _is_local(address)] or found
    if not usable:
        raise errors.Fault(f'cannot reach {name}: it has no address yet')
    keys_found: list[str] = []
    if checked:
        keys_found = replies.only(session.call('SSHClient', 'PublicKeys', entities)).get('public-keys') or []
    return _Host(address=_reachable(usable), addresses=tuple(usable), keys=tuple(keys_found))


def tag_of(session: Session, name: str) -> str:
    if values.is_machine(name):
        return values.machine_tag(name)
    if name.endswith('/leader') and values.is_unit(name):
        application = name.removesuffix('/leader')
        answer = replies.checked(session.call('Application', 'Leader', {'tag': f'application-{application}'}))
        return values.unit_tag(str(answer['result']))
    if not values.is_unit(name):
        raise errors.Fault(f'cannot connect to "{name}": it is neither a unit nor a machine')
    return values.unit_tag(name)


def _is_local(address: str) -> bool:
    return address.startswith(('127.', 'fe80:', '169.254.')) or address == '::1'


def _reachable(addresses: Sequence[str]) -> str:
    """The first address where something listens; the only one, or the first of none, without a look."""
    if len(addresses) > 1:
        for address in addresses:
            with (
                contextlib.suppress(OSError),
                socket.create_connection((address, _SSH_PORT), timeout=_PROBE_S),
            ):
                return address
    return addresses[0]


def _wants_terminal(ctx: Context, given: Given, words: Sequence[str]) -> bool:
    if given.was_given('pty'):
        return given.on('pty')
    # Without a command OpenSSH asks for a terminal by itself.
    return bool(words) and ctx.stdin.isatty() and ctx.stdout.isatty()


@contextlib.contextmanager
def options_for(ctx: Context, given: Given, hosts: Sequence[_Host]) -> Generator[list[str]]:
    """OpenSSH's options; the known host keys are in a file that lives as long as the connection."""
    key = jujukeys.ensure(ctx.settings.juju_data)
    options = ['-o', 'PasswordAuthentication=no', '-o', 'ServerAliveInterval=30', '-i', str(key)]
    if given.on('no-host-key-checks'):
        unchecked = ('StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'LogLevel=ERROR')
        yield [*options, *(word for option in unchecked for word in ('-o', option))]
        return
    lines = [f'{",".join(host.addresses)} {key}' for host in hosts for key in host.keys]
    if not lines:
        raise errors.Fault(
            'cannot check the host key: the controller has none for this machine yet',
            hint='Try again soon, or give --no-host-key-checks.',
        )
    with tempfile.TemporaryDirectory(prefix='juju-ssh-') as scratch:
        known = Path(scratch, 'known_hosts')
        known.write_text('\n'.join(lines) + '\n')
        os.chmod(known, 0o600)
        yield [*options, '-o', 'StrictHostKeyChecking=yes', '-o', f'UserKnownHostsFile={known}']


_SHARED = (
    flags.MODEL,
    Flag('container', 'On Kubernetes: the container of the unit', value='NAME'),
    Flag('no-host-key-checks', 'Do not check the host key'),
    Flag('proxy', 'By way of the controller, which is on this host already: nothing changes'),
    Flag('remote', 'On Kubernetes: the workload of a unit rather than its operator'),
)

SSH = flags.Command(
    name='ssh',
    usage='[<user>@]<unit or machine> [<ssh options>] [<command>]',
    summary='Start an SSH session on a unit or machine, or run a command there.',
    details="Everything after the target is OpenSSH's; the exit code is that of the command.",
    examples=(
        'juju ssh mysql/0',
        'juju ssh mysql/leader uptime',
        'juju ssh 3 sudo journalctl -n 20',
        'juju ssh --container mysql mysql/0 -- /charm/bin/pebble services',
    ),
    flags=(*_SHARED, Flag('pty', 'Ask for a terminal in any case; --pty=false: in no case')),
    least=1,
    missing='no target name specified',
    interspersed=False,
    run=_ssh,
)

SCP = flags.Command(
    name='scp',
    usage='[--] [<scp options>] <source> [...] <destination>',
    summary='Copy files to and from units and machines.',
    details='A place on a unit or machine is written <unit or machine>:<path>.',
    examples=('juju scp mysql/0:/var/log/syslog .', 'juju scp -- -r files/ ubuntu@mysql/0:'),
    flags=_SHARED,
    least=2,
    missing='at least two arguments required',
    interspersed=False,
    run=_scp,
)
