"""What does the juju of a connected shell cost, in front of Juju's own?

    .venv/bin/python benchmarks/guard.py [COMMANDS]

A session whose juju program is ``true``: the time of a command through the guard, with its two lines in the
audit journal, beside ``true`` itself and what Python takes to start at all. Processor time, which changes
least with what else the machine does, and elapsed time.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from bedrock import process
from hoodoo import settings as settings_module
from hoodoo.fleet import session
from hoodoo.inventory.environment import Environment, Place

COMMANDS = 100


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else COMMANDS
    with tempfile.TemporaryDirectory() as folder:
        settings, environment = _host(Path(folder))
        asked = session.Asked(environment=environment, kind='exec', write=True, reason='benchmark')
        with session.opened(settings, asked, note=print) as opened:
            guard = str(opened.bin / 'juju')
            ways = {
                'true': ['true'],
                'python, doing nothing': [sys.executable, '-IS', '-c', ''],
                'guard, reading': [guard, 'status'],
                'guard, writing': [guard, 'deploy', 'x'],
            }
            # In turns, and the best of each: whatever else the machine does only adds.
            taken = {name: (float('inf'), float('inf')) for name in ways}
            for _ in range(count):
                for name, argv in ways.items():
                    busy, elapsed = _ms(argv, opened.env)
                    taken[name] = min(taken[name][0], busy), min(taken[name][1], elapsed)
    print(f'{"":<24}{"processor ms":>14}{"elapsed ms":>12}{"ratio to python":>18}   (best of {count})')
    start = taken['python, doing nothing'][0]
    for name, (busy, elapsed) in taken.items():
        print(f'{name:<24}{busy:14.1f}{elapsed:12.1f}{busy / start:18.1f}')


def _host(folder: Path) -> tuple[settings_module.Settings, Environment]:
    data, programs = folder / 'juju', folder / 'bin'
    for each in (data, programs):
        each.mkdir()
    (programs / 'juju').symlink_to('/bin/true')
    controllers = {'one': {'api-endpoints': ['127.0.0.1:1'], 'cloud': 'none'}}
    (data / 'controllers.yaml').write_text(yaml.safe_dump({'controllers': controllers}))
    accounts = {'one': {'user': 'admin', 'password': 'none'}}
    (data / 'accounts.yaml').write_text(yaml.safe_dump({'controllers': accounts}))
    settings = settings_module.load(
        {
            'HOME': str(folder),
            'JUJU_DATA': str(data),
            'XDG_STATE_HOME': str(folder / 'state'),
            'PATH': f'{programs}:/usr/bin:/bin',
        }
    )
    environment = Environment(
        name='one/model',
        service='one',
        cloud='one',
        region='',
        stage='',
        controller='one',
        model='model',
        spec='',
        place=Place(file=folder, line=1),
    )
    return settings, environment


def _ms(argv: Sequence[str], env: Mapping[str, str]) -> tuple[float, float]:
    """Processor time and elapsed time in milliseconds."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    process.run(argv, env=env)
    elapsed, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return busy * 1000, elapsed * 1000


if __name__ == '__main__':
    main()
