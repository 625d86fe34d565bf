"""How long does ``juju status`` take at 1, 20 and 100 units, from the start of the program to its end?

    .venv/bin/python benchmarks/status.py [RUNS]

Real units with a charm that does nothing; to keep the host small, several share a machine. The ratio is to
``juju version``, which starts the program and asks nobody.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import rig

from bedrock import process

CHARM = Path(__file__).parent / 'charms' / 'quiet'
SIZES = (1, 20, 100)
MACHINES = 10


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    with rig.rig() as host:
        juju = str(json.loads(host.run('pocket', 'up', '--format', 'json'))['juju'])
        connection = host.connect(host.add_model('status'))
        watching = rig.Watching(connection)
        base = _median_s(host, [juju, 'version'], runs)
        print(f'{"units":>5}{"tabular s":>12}{"json s":>12}{"ratio":>8}   (to juju version: {base:.2f} s)')
        have = 0
        for size in SIZES:
            _grow(host, have, size)
            have = size
            watching.until(lambda seen, size=size: seen.idle(size))
            table = _median_s(host, [juju, 'status', '-m', 'status'], runs)
            text = _median_s(host, [juju, 'status', '-m', 'status', '--format', 'json'], runs)
            print(f'{size:5}{table:12.2f}{text:12.2f}{table / base:8.1f}')
        connection.close()
    print('(target: at most 1.0 s at 100 units)')


def _grow(host: rig.Rig, have: int, size: int) -> None:
    """Bring the application from *have* units to *size*, on at most `MACHINES` machines."""
    if not have:
        host.juju('deploy', str(CHARM), 'app')
        return
    alone = min(size, MACHINES) - min(have, MACHINES)
    if alone:
        host.juju('add-unit', 'app', '-n', str(alone))
    shared = size - have - alone
    places = ','.join(str(number % MACHINES) for number in range(shared))
    host.juju('add-unit', 'app', '-n', str(shared), '--to', places)


def _median_s(host: rig.Rig, argv: Sequence[str], runs: int) -> float:
    taken: list[float] = []
    for _ in range(runs):
        started = time.monotonic()
        process.run(list(argv), env=host.env, timeout_s=60)
        taken.append(time.monotonic() - started)
    return statistics.median(taken)


if __name__ == '__main__':
    main()
