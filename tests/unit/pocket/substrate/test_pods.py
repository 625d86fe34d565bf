"""What the containers of a pod are started with."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from pocket.substrate import _inside, cgroups, records
from pocket.substrate.pods import containers, planning, sockets, starting, volumes
from pocket.substrate.procs import ProcessId
from pocket.substrate.records import Pod, Record, Workload

CHARM = containers.Start(
    machine='juju-abcdef-0',
    hostname='app-0',
    folder=Path('/h/m/juju-abcdef-0'),
    lower=Path('/c/images/base'),
    namespace=Path('/run/netns/pk1-juju-abcdef-0'),
    groups=(Path('/cg/charm'), Path('/cg/in')),
    binds={'/etc/hosts': Path('/h/m/juju-abcdef-0/hosts')},
    read_only={containers.PEBBLE: Path('/c/pebble:1')},
    env={'PEBBLE': '/var/lib/pebble/default'},
    first=containers.first(0),
)
WORKLOAD = dataclasses.replace(CHARM, join=77, cwd='/srv', own_run=('app',), env={'A': 'b c'})


def test_the_first_container_makes_what_the_others_join() -> None:
    first, other = containers.command(CHARM), containers.command(WORKLOAD)
    assert first[:5] == ['unshare', '--mount', '--ipc', '--propagation=private', '--']
    assert other[:4] == ['nsenter', '--target=77', '--ipc', '--']
    assert other[4:8] == ['unshare', '--mount', '--propagation=private', '--']
    for words in (first, other):
        launcher = words[words.index('sh') :]
        assert launcher[1:6] == ['/c/images/base', '/h/m/juju-abcdef-0', '/cg/charm', '/cg/in', '--']
        assert launcher[6] == 'systemd-nspawn'
        assert '--network-namespace-path=/run/netns/pk1-juju-abcdef-0' in words
        assert '--hostname=app-0' in words
        assert '--boot' not in words
        assert words[words.index('/charm/bin/pebble') - 1 :][:5] == [
            *('--', '/charm/bin/pebble', 'run', '--create-dirs', '--hold')
        ]
        assert '--bind-ro=/c/pebble\\:1:/charm/bin/pebble' in words
        # With one, Pebble would end when it has nothing to do.
        assert '--setenv=NOTIFY_SOCKET=' in words
    assert '--chdir=/srv' in other
    assert '--setenv=A=b c' in other
    assert '--bind=/h/m/juju-abcdef-0/image-run/app:/run/app' in other


def test_each_pebble_of_a_pod_tells_its_health_at_a_port_of_its_own() -> None:
    ports = [words[words.index('--http') + 1] for words in map(containers.first, range(3))]
    assert ports == [':38812', ':38813', ':38814']


def test_a_container_has_no_variable_of_what_started_it_unless_its_image_has() -> None:
    words = containers.with_helpers(0, 0, own={'TERM'})
    assert {'--unset=USER', '--unset=container', '--unset=NOTIFY_SOCKET'} <= set(words)
    assert '--unset=TERM' not in words
    assert not [word for word in words if 'setpriv' in word]
    assert '--regid=34' in containers.with_helpers(33, 34)


@pytest.mark.parametrize('name', ['SYS_ADMIN', 'NET_ADMIN', 'SYS_PTRACE', 'MKNOD', 'SYS_BOOT'])
def test_a_container_lacks_what_reaches_beyond_it(name: str) -> None:
    dropped = next(word for word in containers.command(CHARM) if word.startswith('--drop-capability='))
    assert f'CAP_{name}' in dropped.partition('=')[2].split(',')


@pytest.mark.parametrize(
    ('entries', 'wanted'),
    [
        ((), {}),
        (('A=b=c', 'D='), {'A': 'b=c', 'D': ''}),
        (('A=1', 'A=2', 'NAME', '=x'), {'A': '2'}),
    ],
)
def test_the_environment_of_an_image(entries: tuple[str, ...], wanted: dict[str, str]) -> None:
    assert planning.environment(entries) == wanted


def test_what_an_image_has_in_run_is_shown_but_no_link(tmp_path: Path) -> None:
    assert containers.image_run(tmp_path) == ()
    for name in ('app', 'host', 'systemd', 'a:b'):
        (tmp_path / 'run' / name).mkdir(parents=True)
    (tmp_path / 'run' / 'link').symlink_to('/etc')
    assert containers.image_run(tmp_path) == ('app',)
    (tmp_path / 'other').mkdir()
    (tmp_path / 'other' / 'run').symlink_to(tmp_path / 'run')
    assert containers.image_run(tmp_path / 'other') == ()


def test_names_on_the_host_are_short_and_differ() -> None:
    parts = {containers.part('juju-abcdef-0', name) for name in ('db', 'web', 'w' * 63)}
    assert len(parts) == 3
    assert {len(part) for part in parts} == {len('juju-abcdef-0') + 7}


def test_what_programs_need_is_read_from_what_ldd_says() -> None:
    said = (
        '/usr/bin/setpriv:\n\tlinux-vdso.so.1 (0x00007ffd)\n\tlibcap-ng.so.0 => /lib/x/libcap-ng.so.0 (0x1)\n'
        '\t/lib64/ld-linux-x86-64.so.2 (0x2)\n'
    )
    wanted = {'libcap-ng.so.0': Path('/lib/x/libcap-ng.so.0'), 'ld': Path('/lib64/ld-linux-x86-64.so.2')}
    assert starting.libraries(said) == wanted


def test_a_new_volume_is_its_only_users() -> None:
    assert volumes.owner('a', [('a', 33, 34), ('b', 0, 0), ('a', 33, 34)]) == (33, 34)
    assert volumes.owner('a', [('a', 33, 34), ('a', 40, 40)]) == (0, 0)
    assert volumes.owner('a', []) == (0, 0)


async def test_volumes_are_made_once_and_deleted(tmp_path: Path) -> None:
    folders = volumes.Folders(tmp_path / 'storage')
    assert folders.keys() == frozenset()
    own = (os.geteuid(), os.getegid())
    (folders.ensure('a-0', uid=own[0], gid=own[1]) / 'file').write_text('kept')
    assert (folders.ensure('a-0') / 'file').read_text() == 'kept'
    (tmp_path / 'storage' / 'b.img').touch()
    assert folders.keys() == {'a-0'}
    await folders.delete('a-0')
    await folders.delete('a-0')
    assert folders.keys() == frozenset()


def test_a_program_enters_a_container_with_no_help_from_it() -> None:
    target = _inside.Target(leader_pid=7, groups=(Path('/cg/a'),), bounding=0xA0, is_container=True)
    words = _inside.launcher(target, ['id', '-u'], cwd='/x', user='worker')
    assert words[-6:] == ['7', 'a0', 'worker', '/x', 'id', '-u']
    assert {'-I', '-S', '/cg/a'} <= set(words)
    assert 'nsenter' not in ' '.join(words)
    own = dataclasses.replace(target, user='33:34')
    asked = [_inside.launcher(own, ['id'], cwd='/', user=user)[-3] for user in ('root', 'worker')]
    assert asked == ['33:34', 'worker']


def test_containers_have_groups_of_their_own_where_these_tell_processes_apart(tmp_path: Path) -> None:
    where = cgroups.Layout(
        unified=tmp_path / 'unified', named=tmp_path / 'named', controllers={'memory': tmp_path / 'memory'}
    )
    groups = tuple(tmp_path / name / 'pod' for name in ('named', 'unified', 'memory'))
    for group in groups:
        group.mkdir(parents=True)
    found = cgroups.below(where, groups, 'w-db')
    assert found == (groups[0] / 'w-db', groups[1] / 'w-db', groups[2])
    assert found[0].is_dir()


def test_the_record_of_a_pod_is_read_as_it_was_written(tmp_path: Path) -> None:
    workload = Workload(
        name='db',
        image='oci-1',
        lower='/c/images/oci-1',
        env={'A': 'b'},
        cwd='/srv',
        mounts={'/data': 'v-0'},
        uid=33,
        gid=34,
        groups=('/cg/w-db',),
        supervisor=ProcessId(pid=1, start=2),
        leader=ProcessId(pid=3, start=4),
    )
    pod = Pod(
        hostname='app-0',
        mounts={'/x': 'v-1'},
        workloads=(workload,),
        groups=('/cg/charm',),
        namespace='/run/netns/one',
    )
    record = Record(name='juju-abcdef-0', model_uuid='m', image='base', address='10.0.0.2', pod=pod)
    records.save(tmp_path, record)
    assert records.load(tmp_path) == record
    assert pod.volumes() == {'v-0', 'v-1'}
    assert pod.workload('db') == workload
    assert pod.workload('web') is None


def test_a_link_is_no_socket_that_answers(tmp_path: Path) -> None:
    (tmp_path / 'link').symlink_to('/run')
    assert not sockets.answers(tmp_path / 'link')
    assert not sockets.answers(tmp_path / 'absent')
