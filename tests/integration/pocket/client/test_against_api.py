"""The client against pocket's own API server: real TLS, real uploads, real state; no machines."""

from __future__ import annotations

import asyncio
import io
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pocket.api import clientfiles
from pocket.api.server import ApiServer
from pocket.client import context, main
from pocket.settings import Settings, load
from pocket.state import State

CHARM = """
name: tester
type: charm
summary: A charm for tests.
description: It does nothing.
base: ubuntu@24.04
platforms: {amd64: null}
peers: {cluster: {interface: gossip}}
config: {options: {port: {type: int, default: 80, description: Where to listen.}}}
"""


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


@dataclass
class Pocket:
    """An API server in a thread with a loop of its own, as the client sees it: another process."""

    settings: Settings

    def serve(self, ready: Callable[[ApiServer, asyncio.Event], None]) -> None:
        """Serve until the event that *ready* gets is set."""
        asyncio.run(self._serve(ready))

    async def _serve(self, ready: Callable[[ApiServer, asyncio.Event], None]) -> None:
        state = State(self.settings.home / 'state.db')
        server = ApiServer(state, self.settings)
        await server.start()
        stop = asyncio.Event()
        ready(server, stop)
        await stop.wait()
        await server.stop()
        state.close()


@pytest.fixture
def juju(tmp_path: Path) -> Iterator[Callable[..., Done]]:
    env = {
        'POCKET_HOME': str(tmp_path / 'home'),
        'POCKET_CACHE': str(tmp_path / 'cache'),
        'POCKET_PORT': '0',
        'JUJU_DATA': str(tmp_path / 'juju'),
    }
    settings = load(env)
    started = threading.Event()
    found: list[tuple[ApiServer, asyncio.Event, asyncio.AbstractEventLoop]] = []

    def ready(server: ApiServer, stop: asyncio.Event) -> None:
        found.append((server, stop, asyncio.get_running_loop()))
        started.set()

    thread = threading.Thread(target=Pocket(settings).serve, args=(ready,))
    thread.start()
    assert started.wait(20)
    server, stop, loop = found[0]
    clientfiles.register(settings.juju_data, 'pocket', server.identity, port=server.port)

    def run(*argv: str) -> Done:
        out, err = io.StringIO(), io.StringIO()
        ctx = context.Context(stdin=io.StringIO(), stdout=out, stderr=err, environ=env, settings=settings)
        return Done(code=main.run(ctx, argv), out=out.getvalue(), err=err.getvalue())

    yield run
    loop.call_soon_threadsafe(stop.set)
    thread.join()


@pytest.fixture
def charm(tmp_path: Path) -> Path:
    folder = tmp_path / 'tester'
    (folder / 'src').mkdir(parents=True)
    (folder / 'charmcraft.yaml').write_text(CHARM)
    (folder / 'src' / 'charm.py').write_text('#!/usr/bin/env python3\n')
    return folder


def _applications(juju: Callable[..., Done]) -> dict[str, Any]:
    status: dict[str, Any] = json.loads(juju('status', '--format', 'json').out)
    return status['applications']


def test_a_source_folder_is_packed_uploaded_deployed_and_refreshed(
    juju: Callable[..., Done], charm: Path
) -> None:
    added = juju('add-model', 'm1', '--config', 'authorized-keys=x')
    assert (added.code, added.err[:16]) == (0, "Added 'm1' model")
    done = juju('deploy', str(charm), 'app', '-n', '2', '--config', 'port=81', '--base', 'ubuntu@24.04')
    assert (done.code, done.err.splitlines()) == (
        0,
        [
            'Located local charm "tester", revision 0',
            'Deploying "app" from local charm "tester", revision 0 on ubuntu@24.04/stable',
        ],
    )
    app = _applications(juju)['app']
    assert (app['charm'], app['charm-rev'], list(app['units'])) == ('local:tester-0', 0, ['app/0', 'app/1'])
    assert juju('config', 'app', 'port').out == '81\n'
    assert juju('refresh', 'app', '--path', str(charm)).code == 0
    assert _applications(juju)['app']['charm-rev'] == 1


def test_removal_and_errors_come_back_from_the_server(juju: Callable[..., Done], charm: Path) -> None:
    assert juju('add-model', 'm1', '--config', 'authorized-keys=x').code == 0
    assert juju('deploy', str(charm)).code == 0
    again = juju('deploy', str(charm))
    assert again.code == 1
    assert 'already exists' in again.err
    assert juju('config', 'tester', 'nothing=1').err == 'ERROR unknown option "nothing"\n'
    gone = juju('remove-application', 'tester', '--no-prompt')
    assert gone.out == 'will remove application tester\n- will remove unit tester/0\n'
    assert juju('show-unit', 'tester/9').err == 'ERROR unit "tester/9" not found\n'


def test_models_are_listed_shown_and_destroyed(juju: Callable[..., Done]) -> None:
    for name in ('m1', 'm2'):
        assert juju('add-model', name, '--config', 'authorized-keys=x').code == 0
    models = json.loads(juju('models', '--format', 'json').out)
    assert [model['name'] for model in models['models']] == ['admin/m1', 'admin/m2']
    assert models['current-model'] == 'm2'
    assert list(json.loads(juju('show-model', 'm1', '--format', 'json').out)) == ['m1']
    assert juju('destroy-model', 'm1', '--no-prompt', '--timeout', '20s').code == 0
    assert json.loads(juju('models', '--format', 'json').out)['models'][0]['name'] == 'admin/m2'
