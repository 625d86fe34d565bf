"""How long does it take to see how 200 environments are, beside a ``juju status`` for each of them?

    .venv/bin/python benchmarks/env_status.py [MODELS]

One pocket stands for all controllers that answer, and its models are empty: what is measured is connecting,
logging in and asking, each once a model, and not the size of the answers. Two controllers more do not answer:
one refuses connections, one accepts them and says nothing. ``juju status`` is measured on some of the models,
one process after the other, and multiplied.
"""

from __future__ import annotations

import json
import os
import socket
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import rig
import yaml

from bedrock import process
from hoodoo.fleet import nudge
from hoodoo.juju import clientfiles, rpc

SAMPLE = 20
DEAD = 10
"""Environments on each controller that does not answer."""
TIMEOUT_S = 3
RUNS = 5


def main() -> None:
    models = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with rig.rig() as host, socket.create_server(('127.0.0.1', 0)) as mute:
        juju = str(json.loads(host.run('pocket', 'up', '--format', 'json'))['juju'])
        _add_models(host, models)
        folder = host.folder / 'inventory'
        env = {
            **host.env,
            'HOODOO_INVENTORY': str(folder),
            'XDG_STATE_HOME': str(host.folder / 'state'),
            'HOODOO_REFRESH': '0',
        }
        _register(Path(env['JUJU_DATA']), {'refusing': 1, 'mute': mute.getsockname()[1]})
        _write_inventory(folder, models)
        hoodoo = str(rig.BIN / 'hoodoo')
        _timed(env, [hoodoo, 'env', 'check'])
        fine = _median(env, [hoodoo, 'env', 'status', 'controller=pocket', '--format', 'json'])
        words = [hoodoo, 'env', 'status', '--format', 'json', '--timeout', str(TIMEOUT_S)]
        mixed = _median(env, words, ends=1)
        single = _median(env, [hoodoo, 'env', 'status', 'model=m0', 'controller=pocket'])
        each = statistics.fmean(
            _timed(env, [juju, 'status', '-m', f'm{number}']) for number in range(min(SAMPLE, models))
        )
        print(f'env status, one model                       {single:8.2f} s')
        print(f'env status, {models} models                      {fine:8.2f} s')
        print(f'and {2 * DEAD} more that do not answer              {mixed:8.2f} s   (timeout {TIMEOUT_S} s)')
        print(f'juju status, one after the other            {each * models:8.2f} s   ({each:.2f} s each)')
        print(f'ratio                                       {each * models / fine:8.1f}')
        print(f'ratio with those that do not answer         {each * models / mixed:8.1f}')
        _nudging(env, hoodoo)


def _nudging(env: Mapping[str, str], hoodoo: str) -> None:
    """What a command pays for starting a refresh in the background."""
    lock = Path(env['XDG_STATE_HOME'], 'hoodoo', nudge.LOCK)
    words = [hoodoo, 'env', 'list', 'model=m0', 'controller=pocket']
    lock.touch()
    without: list[float] = []
    starting: list[float] = []
    for _ in range(RUNS):
        without.append(_timed(env, words))
        os.utime(lock, (0, 0))
        log = lock.with_name('refresh.log')
        before = log.stat().st_size if log.exists() else 0
        starting.append(_timed({**env, 'HOODOO_REFRESH': '600'}, words))
        deadline = time.monotonic() + 60
        while not log.exists() or log.stat().st_size == before:  # it would take a processor from the next
            assert time.monotonic() < deadline
            time.sleep(0.05)
    print(f'env list, no refresh                        {statistics.median(without):8.3f} s')
    print(f'env list, that starts a refresh             {statistics.median(starting):8.3f} s')


def _add_models(host: rig.Rig, models: int) -> None:
    data = Path(host.env['JUJU_DATA'])
    found = clientfiles.find(data, clientfiles.current(data))
    assert found is not None
    connection = rpc.Connection(found)
    for number in range(models):
        given = {'name': f'm{number}', 'owner-tag': 'user-admin'}
        connection.call('ModelManager', 'CreateModel', given)
    connection.close()


def _register(data: Path, ports: Mapping[str, int]) -> None:
    """Controllers that do not answer, at ports of this host."""
    for name in ('controllers', 'accounts'):
        path = data / f'{name}.yaml'
        document: dict[str, Any] = yaml.safe_load(path.read_text())
        for controller, port in ports.items():
            change = {'api-endpoints': [f'127.0.0.1:{port}']} if name == 'controllers' else {}
            document['controllers'][controller] = {**document['controllers']['pocket'], **change}
        path.write_text(yaml.safe_dump(document))


def _write_inventory(folder: Path, models: int) -> None:
    folder.mkdir()
    entries = [
        {
            'cloud': 'c',
            'region': controller,
            'stage': f's{number}',
            'controller': controller,
            'model': f'm{number}',
        }
        for controller, count in (('pocket', models), ('refusing', DEAD), ('mute', DEAD))
        for number in range(count)
    ]
    (folder / 'service.yaml').write_text(json.dumps({'service': 'service', 'environments': entries}))


def _median(env: Mapping[str, str], argv: Sequence[str], *, ends: int = 0) -> float:
    return statistics.median(_timed(env, argv, ends=ends) for _ in range(RUNS))


def _timed(env: Mapping[str, str], argv: Sequence[str], *, ends: int = 0) -> float:
    started = time.monotonic()
    done = process.run(list(argv), env=env, timeout_s=300, check=False)
    assert done.returncode == ends, done.stderr
    return time.monotonic() - started


if __name__ == '__main__':
    main()
