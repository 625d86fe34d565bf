#!/usr/bin/env python3
"""Nagios plugin: are all servers of haproxy up, and does nobody wait for one? Asks the statistics socket."""

from __future__ import annotations

import argparse
import csv
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass

OK, WARNING, CRITICAL, UNKNOWN = 0, 1, 2, 3
WORDS = ('OK', 'WARNING', 'CRITICAL', 'UNKNOWN')

Row = dict[str, str]


@dataclass(frozen=True)
class Verdict:
    """What Nagios is told."""

    code: int
    text: str
    data: str = ''


def ask(path: str, timeout_s: float = 5.0) -> list[Row]:
    """Return the rows of haproxy's statistics."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(timeout_s)
        connection.connect(path)
        connection.sendall(b'show stat\n')
        answer = b''.join(iter(lambda: connection.recv(65536), b'')).decode()
    rows = list(csv.DictReader(answer.removeprefix('# ').splitlines()))
    if not rows:
        raise OSError('the answer holds no statistics')
    return rows


def judge_servers(rows: Sequence[Row], *, always_critical: bool) -> Verdict:
    """Everything up is OK; a server that drains or rests by order is counted, but no alarm."""
    servers = [row for row in rows if row['svname'] not in ('FRONTEND', 'BACKEND')]
    down = [row for row in servers if row['status'].startswith('DOWN')]
    resting = [row for row in servers if row['status'].startswith(('NOLB', 'DRAIN', 'MAINT'))]
    # A backend without servers, such as the statistics page, is never up by itself.
    owners = {row['pxname'] for row in servers}
    dead = {r['pxname'] for r in rows if r['svname'] == 'BACKEND' and r['status'].startswith('DOWN')} & owners
    closed = [r['pxname'] for r in rows if r['svname'] == 'FRONTEND' and r['status'] != 'OPEN']
    working = len(servers) - len(down) - len(resting)
    data = f'up={working} down={len(down)};;0 resting={len(resting)}'
    problems = [f'{name} has no working server' for name in sorted(dead)]
    problems += [f'{name} is not open' for name in closed]
    problems += [f'{row["pxname"]}/{row["svname"]} is {row["status"]}' for row in down]
    if not problems:
        note = f', {len(resting)} resting' if resting else ''
        return Verdict(OK, f'{working} of {len(servers)} servers up{note}', data)
    severe = always_critical or bool(dead) or bool(closed)
    return Verdict(CRITICAL if severe else WARNING, '; '.join(problems), data)


def judge_queue(rows: Sequence[Row], *, warning: int, critical: int) -> Verdict:
    """Judge the requests that wait now; the highest number since the last reload is only reported."""
    backends = [row for row in rows if row['svname'] == 'BACKEND']
    waiting = {row['pxname']: int(row['qcur'] or 0) for row in backends}
    highest = max((int(row['qmax'] or 0) for row in backends), default=0)
    worst = max(waiting.values(), default=0)
    data = f'queue={worst};{warning};{critical} queue_max={highest}'
    if worst <= warning:
        return Verdict(OK, f'{worst} requests wait', data)
    names = ', '.join(f'{name}: {count}' for name, count in sorted(waiting.items()) if count > warning)
    return Verdict(CRITICAL if worst > critical else WARNING, f'requests wait: {names}', data)


def main(argv: Sequence[str]) -> int:
    """Print one line for Nagios and return its code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--socket', required=True)
    kinds = parser.add_subparsers(dest='kind', required=True)
    servers = kinds.add_parser('servers', help='every server must be up')
    servers.add_argument('--always-critical', action='store_true', help='one lost server of many is critical')
    queue = kinds.add_parser('queue', help='nobody should wait for a server')
    queue.add_argument('-w', '--warning', type=int, default=0)
    queue.add_argument('-c', '--critical', type=int, default=100)
    given = parser.parse_args(argv)
    try:
        rows = ask(given.socket)
    except OSError as err:
        # Whether haproxy lives is the question of one check only: the other says that it cannot know.
        verdict = Verdict(CRITICAL if given.kind == 'servers' else UNKNOWN, f'haproxy does not answer: {err}')
    else:
        if given.kind == 'servers':
            verdict = judge_servers(rows, always_critical=given.always_critical)
        else:
            verdict = judge_queue(rows, warning=given.warning, critical=given.critical)
    data = f' | {verdict.data}' if verdict.data else ''
    print(f'HAPROXY {given.kind.upper()} {WORDS[verdict.code]}: {verdict.text}{data}')  # noqa: T201
    return verdict.code


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
