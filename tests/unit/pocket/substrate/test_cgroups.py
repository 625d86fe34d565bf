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
