"""Environments on three clouds at once: how they are, what was deployed there, how far they have drifted."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bedrock import process
from tests.e2e.conftest import BIN, TOP, Site, site_of

pytestmark = [pytest.mark.e2e, pytest.mark.nspawn]

_READY = 'shop/aws/us-east-1/production'
_BLOCKED = 'shop/azure/japaneast/production'
_EMPTY = 'shop/google/europe-west1/production'
_ABSENT = 'shop/google/europe-west1/staging'
_DEAD = 'shop/oracle/uk-london-1/production'
_INVENTORY = """
service: shop
spec: git+file://{spec}
controller: pocket
model: "shop-{{cloud}}-{{stage}}"
matrix:
  - clouds: {{aws: [us-east-1], azure: [japaneast], google: [europe-west1]}}
    stages: [production]
environments:
  - {{cloud: google, region: europe-west1, stage: staging}}
  - {{cloud: oracle, region: uk-london-1, stage: production, controller: gone}}
"""
_SPEC = {
    'manifest': 'collect\ndeploy config=services\n',
    'production/collect': 'quiet charms/quiet\n',
    'production/services': 'shop:\n  services:\n    quiet: {charm: quiet}\n',
}


@pytest.fixture(scope='module')
def host(tmp_path_factory: pytest.TempPathFactory) -> Generator[Site]:
    folder = tmp_path_factory.mktemp('environments')
    site = site_of(folder)
    own = {
        'HOODOO_INVENTORY': str(folder / 'inventory'),
        'XDG_STATE_HOME': str(folder / 'state'),
        'HOODOO_REFRESH': '0',
    }
    site = Site(env={**site.env, **own}, folder=folder)
    try:
        site.pocket('up')
        for cloud, region in (('aws', 'us-east-1'), ('azure', 'japaneast'), ('google', 'europe-west1')):
            site.pocket('cloud', 'add', cloud, '--region', region)
        _write_spec(folder / 'spec')
        (folder / 'inventory').mkdir()
        (folder / 'inventory' / 'shop.yaml').write_text(_INVENTORY.format(spec=folder / 'spec'))
        site.juju('add-model', 'shop-azure-production', 'azure/japaneast')
        site.juju('deploy', '--model', 'shop-azure-production', str(TOP / 'tests/data/charms/classic'))
        site.juju('add-model', 'shop-google-production', 'google/europe-west1')
        words = ('--stage', 'production', '--model', 'pocket:shop-aws-production', '--cloud', 'aws/us-east-1')
        site.hoodoo('run', f'git+file://{folder}/spec', *words)
        # Meanwhile the other one has got to where it waits for a database.
        site.hoodoo(
            *('wait', '--model', 'shop-azure-production', '--settle', '0'),
            *('--additional-ready-states', 'blocked'),
        )
        _register_dead(Path(site.env['JUJU_DATA']))
        yield site
    finally:
        site.pocket('clean', '--yes')


def _write_spec(folder: Path) -> None:
    for name, text in _SPEC.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    shutil.copytree(TOP / 'benchmarks' / 'charms' / 'quiet', folder / 'charms' / 'quiet')
    author = ('-c', 'user.name=T', '-c', 'user.email=t@example.com')
    process.run(['git', 'init', '--quiet', '--initial-branch=main', '.'], cwd=folder)
    process.run(['git', 'add', '--all'], cwd=folder)
    process.run(['git', *author, 'commit', '--quiet', '--message', 'one'], cwd=folder)


def _register_dead(data: Path) -> None:
    """A controller at a port where nobody is."""
    with socket.create_server(('127.0.0.1', 0)) as taken:
        port = taken.getsockname()[1]
    for name, change in (('controllers', {'api-endpoints': [f'127.0.0.1:{port}']}), ('accounts', {})):
        path = data / f'{name}.yaml'
        document = yaml.safe_load(path.read_text())
        document['controllers']['gone'] = {**document['controllers']['pocket'], **change}
        path.write_text(yaml.safe_dump(document))


def _status(host: Site, *words: str) -> dict[str, dict[str, Any]]:
    done = host.hoodoo('env', 'status', *words, '--format', 'json', check=False)
    rows = {row['environment']: row for row in json.loads(done.stdout)}
    assert done.returncode == any(row['health'] != 'ready' for row in rows.values())
    return rows


def _deploy_empty(host: Site, model: str) -> None:
    """An application without units, which nothing in a spec asks for."""
    quiet = str(TOP / 'benchmarks' / 'charms' / 'quiet')
    bundle = host.folder / 'extra.yaml'
    bundle.write_text(json.dumps({'applications': {'extra': {'charm': quiet, 'num_units': 0}}}))
    host.juju('deploy', '--model', model, str(bundle))


def test_all_are_seen_at_once_each_by_its_worst_unit(host: Site) -> None:
    seen = _status(host, '--worst')
    assert next(iter(seen)) == _DEAD
    assert {name: row['health'] for name, row in seen.items()} == {
        _READY: 'ready',
        _BLOCKED: 'blocked',
        _EMPTY: 'ready',
        _ABSENT: 'absent',
        _DEAD: 'unreachable',
    }
    assert seen[_BLOCKED]['why'] == 'classic/0: workload blocked: needs a database'
    assert (seen[_READY]['applications'], seen[_READY]['units'], seen[_READY]['machines']) == (1, 1, 1)
    assert 'cannot reach controller "gone"' in seen[_DEAD]['why']
    shown = host.hoodoo('env', 'status', 'cloud=aws')
    assert shown.stdout.splitlines()[-1] == '1 ready'


def test_refreshing_learns_of_runs_and_of_drift(host: Site) -> None:
    host.hoodoo('env', 'refresh', '--after', '0', '--budget', '6000')
    row = _status(host, _READY)[_READY]
    assert (row['run'], row['run_outcome'], row['drift']) == (1, 'done', 0)
    head = process.run(['git', 'rev-parse', 'HEAD'], cwd=host.folder / 'spec').stdout.strip()
    assert row['revision'] == head
    # Somebody's own, which nothing in the spec asks for.
    _deploy_empty(host, 'shop-aws-production')
    # What the spec says by now is not what was deployed.
    (host.folder / 'spec' / 'production' / 'services').write_text('shop:\n  services: {}\n')
    author = ('-c', 'user.name=T', '-c', 'user.email=t@example.com')
    process.run(['git', *author, 'commit', '--quiet', '--all', '--message', 'two'], cwd=host.folder / 'spec')
    host.hoodoo('env', 'refresh', '--after', '0', '--budget', '6000')
    assert _status(host, _READY)[_READY]['drift'] == 1


def test_what_is_old_is_renewed_behind_the_back_of_a_command_that_does_not_wait(host: Site) -> None:
    state = host.folder / 'state' / 'hoodoo'
    log = state / 'refresh.log'
    os.utime(state / 'refresh.lock', (0, 0))
    env = {**host.env, 'HOODOO_REFRESH': '0.0001'}
    listed = process.run([BIN / 'hoodoo', 'env', 'list'], env=env, cwd=TOP, timeout_s=60)
    assert 'looked at' not in listed.stdout + listed.stderr
    deadline = time.monotonic() + 30
    while not (log.exists() and 'looked at 5' in log.read_text()):
        assert time.monotonic() < deadline, log.read_text() if log.exists() else 'nothing was started'
        time.sleep(0.1)


def test_a_change_is_told_as_soon_as_it_is_there(host: Site) -> None:
    words = [BIN / 'hoodoo', 'env', 'status', _EMPTY, '--watch']
    child = subprocess.Popen(words, env=host.env, cwd=TOP, stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == f'{_EMPTY} ready nothing is deployed\n'
        _deploy_empty(host, 'shop-google-production')
        assert child.stdout.readline() == f'{_EMPTY} ready\n'
    finally:
        child.terminate()
        assert child.wait(10) == 130
        assert child.stdout is not None
        child.stdout.close()
