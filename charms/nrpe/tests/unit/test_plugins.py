"""The plugin, run as Nagios runs it, against a kernel made of files."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

PLUGIN = Path(__file__).parents[2] / 'files/plugins/check_linux.py'

MEMORY = 'MemTotal: 1000 kB\nMemFree: 10 kB\nMemAvailable: {} kB\nHugePages_Total: 0\nHugepagesize: 2048 kB\n'
LIMITS = ('-w', '80', '-c', '90')
KERNEL = {
    'meminfo': MEMORY.format(500),
    'vmstat': 'pswpin 1\npswpout 2\n',
    'sys/net/netfilter/nf_conntrack_max': '100\n',
    'sys/net/netfilter/nf_conntrack_count': '79\n',
    'sys/net/ipv4/neigh/default/gc_thresh3': '10\n',
    'net/arp': 'IP address\nx\n',
    'mounts': '/dev/vda1 / ext4 rw 0 0\n/dev/loop1 /snap/core squashfs ro 0 0\nproc /proc proc ro 0 0\n',
    'sys/kernel/random/boot_id': 'abc\n',
    '1/stat': '1 (init (x) y) S ' + ' '.join(str(number) for number in range(4, 30)) + '\n',
}


def run(tmp_path: Path, changes: Mapping[str, str | None], *argv: str) -> tuple[int, str]:
    for name, text in {**KERNEL, **changes}.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text or '')
        if text is None:
            path.unlink()
    done = subprocess.run(
        [sys.executable, str(PLUGIN), '--proc', str(tmp_path), *argv],
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    return done.returncode, done.stdout.strip()


@pytest.mark.parametrize(
    ('changes', 'argv', 'code', 'words'),
    [
        ({}, ('mem', '-C', '-h', '-u', *LIMITS), 0, '50% of 0 MB in use | used=50%;80;90'),
        ({'meminfo': MEMORY.format(150)}, ('mem', *LIMITS), 1, 'used=85%'),
        ({'meminfo': MEMORY.format(50)}, ('mem', *LIMITS), 2, 'used=95%'),
        ({'meminfo': 'nothing'}, ('mem', *LIMITS), 3, 'cannot tell'),
        ({}, ('swap-activity', '-i', '0.01', '-w', '1', '-c', '2'), 0, '0 kB/s swapped out'),
        ({}, ('conntrack', *LIMITS), 0, '79 of 100 connections tracked'),
        ({'sys/net/netfilter/nf_conntrack_count': '80'}, ('conntrack', *LIMITS), 1, 'used=80%'),
        ({'sys/net/netfilter/nf_conntrack_count': '99'}, ('conntrack', *LIMITS), 2, 'used=99%'),
        ({'sys/net/netfilter/nf_conntrack_max': None}, ('conntrack', *LIMITS), 0, 'not tracked here'),
        ({}, ('arp-cache', *LIMITS), 0, '1 of 10 neighbours'),
        ({'net/arp': 'head\n' + 'x\n' * 10}, ('arp-cache', *LIMITS), 2, '10 of 10 neighbours'),
        ({}, ('ro-filesystem', '-e', '/snap/,/sys/fs'), 0, 'no file system is read-only'),
        ({}, ('ro-filesystem',), 2, 'read-only: /snap/core'),
        ({'mounts': '/dev/vda1 / ext4 ro 0 0\n'}, ('ro-filesystem', '-e', '/snap/'), 2, 'read-only: /'),
        ({}, ('boot-id',), 0, 'abc/22'),
    ],
)
def test_the_plugin_judges(
    tmp_path: Path, changes: dict[str, str | None], argv: tuple[str, ...], code: int, words: str
) -> None:
    got, line = run(tmp_path, changes, *argv)
    assert (got, words in line) == (code, True), line


def test_a_reboot_is_critical_until_it_is_acknowledged(tmp_path: Path) -> None:
    known = tmp_path / 'known'
    argv = ('reboot', '--acknowledged', str(known))
    assert run(tmp_path, {}, *argv)[0] == 3
    known.write_text('abc/22\n')
    assert run(tmp_path, {}, *argv)[0] == 0
    assert run(tmp_path, {'sys/kernel/random/boot_id': 'def\n'}, *argv)[0] == 2
    # A container that starts anew keeps the kernel's boot, but its first process is a new one.
    assert run(tmp_path, {'1/stat': KERNEL['1/stat'].replace(' 22 ', ' 99 ')}, *argv)[0] == 2
