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
import yaml

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


def test_bundles_that_offer_and_consume_are_exported_as_they_were_deployed(
    juju: Callable[..., Done], tmp_path: Path
) -> None:
    for name, side in (('giver', 'provides'), ('taker', 'requires')):
        (tmp_path / name).mkdir()
        (tmp_path / name / 'metadata.yaml').write_text(
            f'name: {name}\n{side}: {{db: {{interface: sql}}}}\n'
            'storage: {data: {type: filesystem, minimum-size: 1M}}\n'
        )
        (tmp_path / name / 'config.yaml').write_text('options: {on: {type: boolean, default: false}}\n')
        (tmp_path / name / 'dispatch').write_text('#!/bin/sh\n')
    giving = """
default-base: ubuntu@24.04/stable
applications:
  giver: {charm: ./giver, num_units: 1, options: {on: yes}, storage: {data: "rootfs,1,64M"}}
---
applications: {giver: {offers: {shop: {endpoints: [db], acl: {admin: admin}}}}}
"""
    taking = """
default-base: ubuntu@24.04/stable
applications: {taker: {charm: ./taker, num_units: 1}}
saas: {far: {url: "admin/source.shop"}}
relations: [["taker:db", "far:db"]]
"""
    for model, text in (('source', giving), ('sink', taking)):
        juju('add-model', model, '--config', 'authorized-keys=x')
        (tmp_path / f'{model}.yaml').write_text(text)
        done = juju('deploy', str(tmp_path / f'{model}.yaml'))
        assert done.err.splitlines()[-1] == 'Deploy of bundle completed.', done.err
    status: dict[str, Any] = json.loads(juju('status', '-m', 'sink', '--format', 'json').out)
    assert status['application-endpoints']['far']['url'] == 'pocket:admin/source.shop'
    assert status['applications']['taker']['relations']['db'][0]['related-application'] == 'far'

    for model in ('source', 'sink'):
        (tmp_path / 'out.yaml').write_text(juju('export-bundle', '-m', model).out)
        again = juju('deploy', '-m', model, str(tmp_path / 'out.yaml'))
        assert (again.code, again.out, again.err) == (0, '', 'No changes to apply.\n')
    base, overlay = yaml.safe_load_all(juju('export-bundle', '-m', 'source').out)
    assert base['applications']['giver']['storage'] == {'data': 'rootfs,1,64M'}
    assert base['applications']['giver']['options'] == {'on': True}
    offered = overlay['applications']['giver']['offers']
    assert offered == {'shop': {'endpoints': ['db'], 'acl': {'admin': 'admin'}}}


def test_models_are_listed_shown_and_destroyed(juju: Callable[..., Done]) -> None:
    for name in ('m1', 'm2'):
        assert juju('add-model', name, '--config', 'authorized-keys=x').code == 0
    models = json.loads(juju('models', '--format', 'json').out)
    assert [model['name'] for model in models['models']] == ['admin/m1', 'admin/m2']
    assert models['current-model'] == 'm2'
    assert list(json.loads(juju('show-model', 'm1', '--format', 'json').out)) == ['m1']
    assert juju('destroy-model', 'm1', '--no-prompt', '--timeout', '20s').code == 0
    assert json.loads(juju('models', '--format', 'json').out)['models'][0]['name'] == 'admin/m2'


_PLAIN = CHARM.replace('peers: {cluster: {interface: gossip}}\n', '')
OFFERED = _PLAIN + 'provides: {web: {interface: http}, log: {interface: syslog}}\n'
CONSUMING = _PLAIN.replace('tester', 'reader') + 'requires: {up: {interface: http}}\n'


@pytest.fixture
def related(juju: Callable[..., Done], charm: Path) -> Callable[..., Done]:
    """``src`` offers ``web`` of ``tester`` as ``shop``; ``dst`` relates ``reader`` to it as ``web``."""
    for model, text, name in (('src', OFFERED, 'tester'), ('dst', CONSUMING, 'reader')):
        (charm / 'charmcraft.yaml').write_text(text)
        assert juju('add-model', model, '--config', 'authorized-keys=x').code == 0
        assert juju('deploy', str(charm), name).code == 0
    said = juju('offer', 'src.tester:web,log', 'shop')
    assert said.err == 'Application "tester" endpoints [web, log] available at "admin/src.shop"\n'
    assert juju('consume', 'admin/src.shop', 'web').err == 'Added pocket:admin/src.shop as web\n'
    assert juju('integrate', 'reader', 'web').code == 0
    return juju


def test_offers_are_listed_found_and_shown(related: Callable[..., Done]) -> None:
    listed = json.loads(related('offers', '-m', 'src', '--format', 'json').out)['shop']
    assert (listed['application'], listed['offer-url']) == ('tester', 'admin/src.shop')
    assert listed['endpoints']['web'] == {'interface': 'http', 'role': 'provider'}
    assert [(c['endpoint'], c['status']['current']) for c in listed['connections']] == [('web', 'joining')]
    row = related('offers', '-m', 'src').out.splitlines()[1].split()
    assert row == ['shop', 'admin', '0', 'joining', 'web', 'http', 'provider']
    assert related('offers', '-m', 'dst', '--format', 'json').out == '{}\n'
    for words in ((), ('src',), ('--interface', 'syslog'), ('--offer', 'sho'), ('--url', 'admin/src.shop')):
        assert list(json.loads(related('find-offers', *words, '--format', 'json').out)) == [
            'pocket:admin/src.shop'
        ]
    assert related('find-offers').out.splitlines()[1].split(None, 3) == [
        *('pocket', 'admin/src.shop', 'admin', 'syslog:log, http:web')
    ]
    assert related('find-offers', '--interface', 'nope').err == 'ERROR no matching application offers found\n'
    shown = json.loads(related('show-offer', '-m', 'src', 'shop', '--format', 'json').out)
    assert shown['pocket:admin/src.shop']['access'] == 'admin'


def test_what_is_consumed_is_in_the_status(related: Callable[..., Done]) -> None:
    status = json.loads(related('status', '--format', 'json').out)
    assert status['application-endpoints']['web']['relations'] == {'web': ['reader']}
    assert status['applications']['reader']['relations'] == {
        'up': [{'related-application': 'web', 'interface': 'http', 'scope': 'global'}]
    }
    table = related('status').out
    assert 'SAAS  Status   Store   URL\nweb   waiting  pocket  admin/src.shop\n' in table
    assert list(json.loads(related('status', 'web', '--format', 'json').out)['application-endpoints']) == [
        'web'
    ]
    offers = json.loads(related('status', '-m', 'src', '--format', 'json').out)['offers']
    assert (offers['shop']['application'], offers['shop']['total-connected-count']) == ('tester', 1)


def test_what_cannot_be_done_with_offers_is_refused_in_words(related: Callable[..., Done]) -> None:
    for words, text in (
        (('consume', 'src.nope'), 'application offer "admin/src.nope" not found'),
        (('consume', 'src.shop:web'), 'remote offer "src.shop:web" shouldn\'t include endpoint'),
        (('consume', 'a b'), 'application offer URL "a b" not valid'),
        (('offer', 'tester'), 'endpoints must conform to format'),
        (('remove-offer', 'src.shop'), 'offer has 1 relation'),
        (('remove-saas', 'nope'), 'removing SAAS application nope failed: saas application "nope" not found'),
        (('suspend-relation', 'x'), 'relation ID "x" not valid'),
        (('suspend-relation', '7'), 'relation 7 not found'),
        (('suspend-relation', '0'), 'which is not associated with an offer'),
        (('integrate', 'src.shop', 'src.shop'), 'only one endpoint can be of another model'),
        (('grant', 'bob', 'read', 'src.shop'), 'user "bob" not found'),
        (('grant', 'admin', 'read', 'src.shop'), 'user already has "admin" access or greater'),
        (('grant', 'bob', 'read', 'src'), 'only access to offers is supported'),
        (('revoke', 'admin', 'read', 'src.shop'), '"admin" owns the offer'),
    ):
        done = related(*words)
        assert done.code != 0, words
        assert text in done.err
        assert 'Traceback' not in done.err


def test_offers_and_what_is_consumed_are_removed(related: Callable[..., Done]) -> None:
    asked = related('remove-offer', 'src.shop', '--force')
    assert (asked.code, 'offer removal: aborted' in asked.err) == (1, True)
    assert related('remove-offer', 'src.shop', '--force', '-y').code == 0
    table = related('status').out
    assert 'web   terminated  pocket  admin/src.shop' in table
    assert related('remove-saas', 'web').code == 0
    assert 'application-endpoints' not in json.loads(related('status', '--format', 'json').out)


CLOUDS = """
clouds:
  mine:
    type: openstack
    auth-types: [userpass]
    endpoint: https://cloud.example
    regions: {left: {endpoint: "https://left.example"}, right: {}}
"""
CREDENTIALS = """
credentials:
  mine:
    me: {auth-type: userpass, username: who, password: hush, tenant-name: t}
"""


def test_clouds_and_credentials_as_jubilant_asks_for_them(juju: Callable[..., Done], tmp_path: Path) -> None:
    clouds, credentials = tmp_path / 'clouds.yaml', tmp_path / 'credentials.yaml'
    clouds.write_text(CLOUDS)
    credentials.write_text(CREDENTIALS)

    def known(*where: str) -> dict[str, Any]:
        return json.loads(juju('clouds', *where, '--format', 'json').out)

    # Of this client.
    assert juju('add-cloud', 'mine', '--client', '--file', str(clouds)).code == 0
    assert 'already exists' in juju('add-cloud', 'mine', '--client', '--file', str(clouds)).err
    assert list(known('--client')['mine']['regions']) == ['left', 'right']
    assert 'mine' not in known('--controller', 'pocket')
    assert juju('update-cloud', 'mine', '--client', '-f', str(clouds)).code == 0
    assert juju('update-cloud', 'other', '--client', '-f', str(clouds)).code == 1

    # Of the controller.
    assert juju('add-cloud', 'mine', '--controller', 'pocket', '--file', str(clouds)).code == 0
    shown = json.loads(juju('show-cloud', 'mine', '--controller', 'pocket', '--format', 'json').out)
    assert (shown['type'], shown['endpoint']) == ('openstack', 'https://cloud.example')
    assert shown['regions'] == {'left': {'endpoint': 'https://left.example'}, 'right': {}}
    assert juju('regions', 'mine').out == 'left\nright\n'
    assert 'not found' in juju('show-cloud', 'nope').err

    # Credentials, and a model with them.
    assert juju('add-credential', 'mine', '--file', str(credentials)).code == 0
    listed = juju('credentials', '--format', 'json').out
    assert 'hush' not in listed
    found = json.loads(listed)
    assert found['client-credentials']['mine']['me'] == {'auth-type': 'userpass', 'username': 'who'}
    assert found['controller-credentials']['mine']['me']['username'] == 'who'
    assert 'hush' in juju('show-credential', 'mine', 'me', '--show-secrets').out
    assert juju('default-region', 'mine', 'right').code == 0
    assert juju('add-model', '--no-switch', 'm', 'mine', '--credential', 'me').code == 0
    model = json.loads(juju('show-model', 'm', '--format', 'json').out)['m']
    assert (model['cloud'], model['region'], model['type']) == ('mine', 'right', 'openstack')
    assert model['credential']['name'] == 'me'
    assert 'region "up" not found' in juju('add-model', 'n', 'mine/up').err
    assert 'still used by' in juju('remove-credential', 'mine', 'me', '--controller', 'pocket').err
    assert 'cloud is used by 1 model' in juju('remove-cloud', 'mine', '--controller', 'pocket').err
    assert juju('remove-cloud', 'mine', '--client').code == 0
    assert juju('clouds').out.splitlines()[0].split() == ['Cloud', 'Regions', 'Default', 'Type', 'Source']
