"""Fifty machines: how long until all are idle, what a machine and a unit cost in memory, and what rest costs.

    .venv/bin/python benchmarks/fleet.py [MACHINES]

Real machines with systemd, and a charm that does nothing. Memory of the controller is the daemon's resident
set; of a machine, what the host's available memory fell by, divided by the machines.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import rig

CHARM = Path(__file__).parent / 'charms' / 'quiet'
REST_S = 20


def main() -> None:
    machines = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    with rig.rig() as host:
        daemon = int(json.loads(host.run('pocket', 'status', '--format', 'json'))['pid'])
        uuid = host.add_model('fleet')
        connection = host.connect(uuid)
        # The first machine builds the image where there is none.
        watching = rig.Watching(connection)
        host.juju('deploy', str(CHARM), 'first')
        watching.until(lambda seen: seen.idle(1), timeout_s=1200)
        before_daemon, before_host = _resident_mb(daemon), _available_mb()
        started = time.monotonic()
        host.juju('deploy', str(CHARM), 'fleet', '-n', str(machines))
        took = watching.until(lambda seen: seen.idle(machines + 1), timeout_s=1200) - started
        connection.close()
        print(f'{machines} machines deployed and idle in  {took:8.1f} s, {took / machines:.2f} s each')
        print(
            f'memory of the controller per unit {(_resident_mb(daemon) - before_daemon) / machines:8.2f} MB'
        )
        print(f'memory of the host per machine    {(before_host - _available_mb()) / machines:8.1f} MB')
        used = _cpu_s(daemon)
        time.sleep(REST_S)  # what is measured is rest
        print(f'processor of the idle controller  {(_cpu_s(daemon) - used) / REST_S:8.1%}')
        started = time.monotonic()
        host.juju('destroy-model', 'fleet', '--no-prompt', '--force')
        print(f'all of it destroyed in            {time.monotonic() - started:8.1f} s')


def _resident_mb(pid: int) -> float:
    return _kb(Path(f'/proc/{pid}/status').read_text(), 'VmRSS') / 1024


def _available_mb() -> float:
    return _kb(Path('/proc/meminfo').read_text(), 'MemAvailable') / 1024


def _kb(text: str, name: str) -> int:
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith(f'{name}:'))


def _cpu_s(pid: int) -> float:
    """Processor seconds that a process has used, proc(5)."""
    fields = Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


if __name__ == '__main__':
    main()
