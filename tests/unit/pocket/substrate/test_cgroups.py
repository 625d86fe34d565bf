"""Where control groups are, on hosts of each kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from pocket.substrate import cgroups
from pocket.substrate.cgroups import Layout

V2 = '30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n'
HYBRID = """\
30 20 0:26 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
31 20 0:27 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
32 20 0:28 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd
33 20 0:29 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
"""
IN_CONTAINER = '30 23 0:26 /docker/abc /sys/fs/cgroup rw - cgroup2 cgroup rw\n'


@pytest.mark.parametrize(
    ('mountinfo', 'own', 'expected'),
    [
        (
            V2,
            '0::/system.slice/pocket-1.scope\n',
            Layout(unified=Path('/sys/fs/cgroup/system.slice/pocket-1.scope'), named=None, controllers={}),
        ),
        (
            V2,
            '0::/system.slice/pocket-1.scope/pocket-daemon\n',
            Layout(unified=Path('/sys/fs/cgroup/system.slice/pocket-1.scope'), named=None, controllers={}),
        ),
        (
            HYBRID,
            '9:name=systemd:/a\n4:memory:/job/7\n1:cpu,cpuacct:/\n0::/b\n',
            Layout(
                unified=Path('/sys/fs/cgroup/unified/b'),
                named=Path('/sys/fs/cgroup/systemd/a'),
                controllers={
                    'memory': Path('/sys/fs/cgroup/memory/job/7'),
                    'cpu': Path('/sys/fs/cgroup/cpu,cpuacct'),
                },
            ),
        ),
        (
            IN_CONTAINER,
            '0::/docker/abc/inner\n',
            Layout(unified=Path('/sys/fs/cgroup/inner'), named=None, controllers={}),
        ),
        ('', '0::/\n', Layout(unified=None, named=None, controllers={})),
    ],
)
def test_groups_are_made_below_the_own_one(mountinfo: str, own: str, expected: Layout) -> None:
    assert cgroups.layout(mountinfo, own) == expected


def test_a_group_is_given_to_its_user_but_not_its_limits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unified, memory = tmp_path / 'u', tmp_path / 'memory'
    where = Layout(unified=unified, named=None, controllers={'memory': memory})
    for group in (unified / 'pocket' / 'm', memory / 'pocket' / 'm'):
        group.mkdir(parents=True)
    for name in ('cgroup.procs', 'cgroup.subtree_control', 'memory.max'):
        (unified / 'pocket' / 'm' / name).touch()
    given = dict[str, int]()

    def chown(path: Path, user: int, group: int) -> None:
        assert user == group
        path.stat()
        given[str(path.relative_to(tmp_path))] = user

    monkeypatch.setattr('os.chown', chown)
    cgroups.create(where, 'pocket/m', cgroups.Limits(memory_mb=64))
    assert given == {}
    cgroups.create(where, 'pocket/m', cgroups.Limits(memory_mb=64), owner=7)
    assert given == {f'u/pocket/m{name}': 7 for name in ('', '/cgroup.procs', '/cgroup.subtree_control')}


def test_a_host_that_lets_nobody_make_groups_cannot_hand_them_on(tmp_path: Path) -> None:
    (tmp_path / 'file').touch()
    where = Layout(unified=tmp_path / 'file', named=None, controllers={})
    assert cgroups.try_delegation(where, 'x', 7) == 'its control groups cannot be handed on'
    nothing = Layout(unified=None, named=None, controllers={})
    assert cgroups.try_delegation(nothing, 'x', 7) == 'no control groups are mounted'


def test_a_container_has_limits_of_its_own_below_its_pods(tmp_path: Path) -> None:
    layout = Layout(
        unified=None,
        named=tmp_path / 'systemd',
        controllers={'memory': tmp_path / 'm', 'cpu': tmp_path / 'c'},
    )
    for base in ('m', 'c'):
        (tmp_path / base).mkdir()
    own, pods = tmp_path / 'systemd' / 'pod' / 'w-web', tmp_path / 'm' / 'pod' / 'in'
    groups, note = cgroups.confine(layout, 'pod/w-web', (own, pods), memory_bytes=4096, cpu_millis=1500)
    # The process is in the memory group of the container, and no longer in the pod's.
    assert (groups, note) == ((own, tmp_path / 'm/pod/w-web/in', tmp_path / 'c/pod/w-web/in'), '')
    assert (tmp_path / 'm/pod/w-web/memory.limit_in_bytes').read_text() == '4096'
    assert (tmp_path / 'c/pod/w-web/cpu.cfs_quota_us').read_text() == '150000'
    assert cgroups.confine(layout, 'pod/w-web', (own, pods)) == ((own, pods), '')


def test_limits_of_a_container_in_one_hierarchy(tmp_path: Path) -> None:
    layout = Layout(unified=tmp_path, named=None, controllers={})
    group = tmp_path / 'pod' / 'w-web'
    group.mkdir(parents=True)
    assert cgroups.confine(layout, 'pod/w-web', [group], memory_bytes=4096, cpu_millis=500) == ((group,), '')
    assert (group / 'memory.max').read_text() == '4096'
    assert (group / 'cpu.max').read_text() == '50000 100000'
    nowhere = Layout(unified=None, named=None, controllers={})
    assert cgroups.confine(nowhere, 'p', [], memory_bytes=1)[1] == 'this host cannot limit memory'
