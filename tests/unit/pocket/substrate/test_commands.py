"""The commands that machines and the programs in them are started with."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from pocket.substrate import _booting, _inside, preflight, procs

START = _booting.Start(
    name='juju-abcdef-0',
    folder=Path('/h/m/juju-abcdef-0'),
    scratch=Path('/run/pocket-1-juju-abcdef-0'),
    lower=Path('/c/images/one'),
    namespace=Path('/run/netns/pk1-juju-abcdef-0'),
    groups=(Path('/cg/a'), Path('/cg/b')),
    binds={'/etc/hosts': Path('/h/m/juju-abcdef-0/hosts')},
    read_only={'/run/pocket': Path('/h/m/with:colon/run')},
)


def test_the_machine_is_started_in_its_groups_and_namespace() -> None:
    words = _booting.command(START)
    assert words[:4] == ['unshare', '--mount', '--propagation=private', '--']
    launcher = words[words.index('sh') :]
    assert launcher[1:6] == ['/c/images/one', '/h/m/juju-abcdef-0', '/cg/a', '/cg/b', '--']
    assert launcher[6] == 'systemd-nspawn'
    assert '--network-namespace-path=/run/netns/pk1-juju-abcdef-0' in words
    assert '--bind=/h/m/juju-abcdef-0/hosts:/etc/hosts' in words
    assert '--bind-ro=/h/m/with\\:colon/run:/run/pocket' in words


def test_a_machine_with_users_of_its_own_makes_its_network_and_sees_the_image_shifted() -> None:
    own = dataclasses.replace(START, users=1879048192, namespace=None, mapped=frozenset({'/run/pocket'}))
    words = _booting.command(own)
    shifting = words.index('mount')
    assert words[shifting + 1 : shifting + 5] == [
        *('/c/images/one', '/h/m/juju-abcdef-0/lower', '1879048192', '/bin/sh')
    ]
    launcher = words[words.index('sh') :]
    assert launcher[1:3] == ['/h/m/juju-abcdef-0/lower', '/h/m/juju-abcdef-0']
    assert '--private-users=1879048192:65536' in words
    assert '--private-users-ownership=off' in words
    assert '--private-network' in words
    assert not [word for word in words if word.startswith('--network-namespace-path')]
    assert '--bind=/h/m/juju-abcdef-0/hosts:/etc/hosts' in words
    assert '--bind-ro=/h/m/with\\:colon/run:/run/pocket:idmap' in words
    assert not [word for word in _booting.command(START) if 'private-users' in word or 'idmap' in word]


def test_notifications_are_read_line_by_line() -> None:
    said = _booting.parse(b'STATUS=Container running.\nX_NSPAWN_LEADER_PID=32306\nnonsense')
    assert said == {'STATUS': 'Container running.', 'X_NSPAWN_LEADER_PID': '32306'}


def _target(bounding: int) -> _inside.Target:
    return _inside.Target(leader_pid=7, groups=(Path('/cg/a'),), bounding=bounding, record=Path('/r'))


def test_a_program_gets_no_capability_that_its_machine_lacks() -> None:
    all_but_two = ~((1 << 16) | (1 << 17))
    words = _inside.launcher(_target(all_but_two), ['true'], cwd='/tmp', user='root')
    assert '--bounding-set=-cap_16,-cap_17' in words
    everything = _inside.launcher(_target(-1), ['true'], cwd='/tmp', user='root')
    assert not [word for word in everything if word.startswith('--bounding-set')]


def test_the_limit_of_capabilities_is_set_behind_the_door_of_a_user_namespace() -> None:
    """Whoever goes through it gets all of them back."""
    target = dataclasses.replace(_target(~(1 << 16)), users=1879048192)
    words = _inside.launcher(target, ['true'], cwd='/', user='root')
    assert words.index('--user') < words.index('--root') < words.index('--bounding-set=-cap_16')
    assert words.count('--bounding-set=-cap_16') == 1
    assert words[words.index('--bounding-set=-cap_16') - 1] == '/usr/bin/setpriv'
    assert '--user' not in _inside.launcher(_target(~(1 << 16)), ['true'], cwd='/', user='root')


@pytest.mark.parametrize(('user', 'switches'), [('root', False), ('ubuntu', True)])
def test_the_user_is_switched_inside_and_the_folder_entered_as_that_user(user: str, switches: bool) -> None:
    words = _inside.launcher(_target(-1), ['id', '-u'], cwd='/home/x', user=user)
    assert (f'--reuid={user}' in words) is switches
    assert words[-6:] == ['/usr/bin/env', '--chdir=/home/x', '--', 'PWD=/home/x', 'id', '-u']
    assert words.index('--target=7') < words.index('/usr/bin/env')


def test_a_process_is_read_from_its_stat_line_whatever_its_name() -> None:
    tail = ' '.join(str(number) for number in range(4, 53))
    who, state = procs.parse_stat(f'42 (a ) b (c) S {tail}')
    assert (who.pid, state, who.start) == (42, 'S', 22)
    with pytest.raises(ValueError, match='not a line'):
        procs.parse_stat('42 nonsense')


def test_a_number_alone_does_not_make_a_process() -> None:
    own = procs.identify(os.getpid())
    assert own is not None
    assert procs.alive(own)
    assert not procs.alive(procs.ProcessId(pid=own.pid, start=own.start + 1))
    assert not procs.alive(None)


def test_missing_programs_are_named_with_their_packages(tmp_path: Path) -> None:
    for name in preflight.PROGRAMS.keys() - {'nft', 'mmdebstrap'}:
        (tmp_path / name).touch(mode=0o755)
    problem = preflight.missing_programs(str(tmp_path))
    assert problem is not None
    assert problem.message == 'missing programs: mmdebstrap, nft'
    assert problem.hint == 'Run: apt-get install mmdebstrap nftables'
    for name in ('nft', 'mmdebstrap'):
        (tmp_path / name).touch(mode=0o755)
    assert preflight.missing_programs(str(tmp_path)) is None


def test_device_nodes_that_only_root_could_use_are_told(tmp_path: Path) -> None:
    for name, mode in (('null', 0o755), ('zero', 0o666), ('tty', 0o620), ('sda', 0o600)):
        (tmp_path / name).touch()
        (tmp_path / name).chmod(mode)
    told = [(problem.message, problem.hint) for problem in preflight.closed_nodes(tmp_path)]
    end = 'machines get it like that, and only root could use it there'
    assert told == [
        (f'{tmp_path}/null has mode 0755: {end}', f'Run: chmod 666 {tmp_path}/null'),
        (f'{tmp_path}/tty has mode 0620: {end}', f'Run: chmod 666 {tmp_path}/tty'),
    ]
