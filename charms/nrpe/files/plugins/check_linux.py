#!/usr/bin/env python3
"""Nagios plugin for what the kernel tells of itself: memory, swapping, tables, mounts, reboots."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

OK, WARNING, CRITICAL, UNKNOWN = 0, 1, 2, 3
WORDS = ('OK', 'WARNING', 'CRITICAL', 'UNKNOWN')

Verdict = tuple[int, str]


def judge(value: float, given: argparse.Namespace, text: str, label: str, unit: str = '%') -> Verdict:
    """Compare *value* with the limits, and add it as performance data."""
    code = CRITICAL if value >= given.critical else WARNING if value >= given.warning else OK
    return code, f'{text} | {label}={value:.0f}{unit};{given.warning:g};{given.critical:g}'


def mem(proc: Path, given: argparse.Namespace) -> Verdict:
    """Memory in use, where caches count as free and reserved huge pages do not count."""
    kb = _table(proc / 'meminfo')
    total = kb['MemTotal'] - kb.get('HugePages_Total', 0) * kb.get('Hugepagesize', 0)
    used = 100 * (total - kb['MemAvailable']) / max(total, 1)
    return judge(used, given, f'{used:.0f}% of {total // 1024} MB in use', 'used')


def swap_activity(proc: Path, given: argparse.Namespace) -> Verdict:
    """How much is swapped out a second, over the interval."""
    before = _table(proc / 'vmstat')['pswpout']
    time.sleep(given.interval)
    pages = _table(proc / 'vmstat')['pswpout'] - before
    rate = pages * 4 / max(given.interval, 1)
    return judge(rate, given, f'{rate:.0f} kB/s swapped out', 'out', 'KB')


def conntrack(proc: Path, given: argparse.Namespace) -> Verdict:
    """Fill of the table of tracked connections."""
    folder = proc / 'sys/net/netfilter'
    try:
        limit = int((folder / 'nf_conntrack_max').read_text())
        count = int((folder / 'nf_conntrack_count').read_text())
    except FileNotFoundError:
        return OK, 'connections are not tracked here'
    used = 100 * count / max(limit, 1)
    return judge(used, given, f'{count} of {limit} connections tracked', 'used')


def arp_cache(proc: Path, given: argparse.Namespace) -> Verdict:
    """Fill of the table of neighbours, against the size at which the kernel drops entries."""
    limit = int((proc / 'sys/net/ipv4/neigh/default/gc_thresh3').read_text())
    count = len((proc / 'net/arp').read_text().splitlines()) - 1
    used = 100 * count / max(limit, 1)
    return judge(used, given, f'{count} of {limit} neighbours known', 'used')


def ro_filesystem(proc: Path, given: argparse.Namespace) -> Verdict:
    """No file system that lies on a device may have turned read-only."""
    excluded = tuple(part for part in given.exclude.split(',') if part)
    bad = [
        mount
        for device, mount, _, flags, *_ in map(str.split, (proc / 'mounts').read_text().splitlines())
        if device.startswith('/') and 'ro' in flags.split(',') and not mount.startswith(excluded)
    ]
    if bad:
        return CRITICAL, f'read-only: {", ".join(bad)}'
    return OK, 'no file system is read-only'


def reboot(proc: Path, given: argparse.Namespace) -> Verdict:
    """The machine must still be in the boot that was acknowledged last."""
    try:
        known = Path(given.acknowledged).read_text().strip()
    except FileNotFoundError:
        return UNKNOWN, 'no boot was acknowledged yet'
    if known != boot_id(proc):
        return CRITICAL, 'rebooted since the last acknowledged boot: run the action ack-reboot'
    return OK, 'no unknown reboot'


def boot_id(proc: Path) -> str:
    """Return what is new after every boot, also after that of a container, which shares its kernel."""
    started = (proc / '1/stat').read_text().rpartition(')')[2].split()[19]
    return f'{(proc / "sys/kernel/random/boot_id").read_text().strip()}/{started}'


def _table(path: Path) -> Mapping[str, int]:
    words = (line.replace(':', ' ').split() for line in path.read_text().splitlines())
    return {word[0]: int(word[1]) for word in words if len(word) > 1}


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--proc', type=Path, default=Path('/proc'))
    kinds = parser.add_subparsers(dest='kind', required=True)
    limits = argparse.ArgumentParser(add_help=False)
    limits.add_argument('-w', '--warning', type=float, required=True)
    limits.add_argument('-c', '--critical', type=float, required=True)
    kinds.add_parser('conntrack', parents=[limits])
    kinds.add_parser('arp-cache', parents=[limits])
    memory = kinds.add_parser('mem', parents=[limits], add_help=False)
    # The classic charm's options carry these flags: what they ask for is what this plugin always does.
    for flag in ('-C', '-h', '-u'):
        memory.add_argument(flag, action='store_true')
    activity = kinds.add_parser('swap-activity', parents=[limits])
    activity.add_argument('-i', '--interval', type=float, default=5)
    kinds.add_parser('ro-filesystem').add_argument('-e', '--exclude', default='')
    kinds.add_parser('reboot').add_argument('--acknowledged', required=True)
    kinds.add_parser('boot-id')
    return parser.parse_args(argv)


JUDGES: Mapping[str, Callable[[Path, argparse.Namespace], Verdict]] = {
    'mem': mem,
    'swap-activity': swap_activity,
    'conntrack': conntrack,
    'arp-cache': arp_cache,
    'ro-filesystem': ro_filesystem,
    'reboot': reboot,
}


def main(argv: Sequence[str]) -> int:
    """Print one line for Nagios and return its code."""
    given = parse(argv)
    if given.kind == 'boot-id':
        print(boot_id(given.proc))  # noqa: T201
        return OK
    try:
        code, text = JUDGES[given.kind](given.proc, given)
    except (OSError, KeyError, ValueError, IndexError) as err:
        code, text = UNKNOWN, f'cannot tell: {err}'
    print(f'{given.kind.upper()} {WORDS[code]}: {text}')  # noqa: T201
    return code


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
