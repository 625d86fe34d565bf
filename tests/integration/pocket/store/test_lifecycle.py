"""Charms of a store and their resources, as jubilant deploys and refreshes them on real machines."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

import jubilant
import pytest

from bedrock import process
from tests.charmstore import FakeStore

pytestmark = pytest.mark.nspawn
BIN = Path(sys.executable).parent
WAIT_S = 240.0


@dataclass(frozen=True)
class Site:
    """A pocket whose charm store is the test's."""

    home: Path
    pocket: Callable[..., process.Completed]
    juju: jubilant.Juju

    def fails(self, *words: str) -> str:
        """What a ``juju`` command that must fail says."""
        with pytest.raises(jubilant.CLIError) as caught:
            self.juju.cli(*words)
        return str(caught.value.stderr)

    def shows(self, application: str, message: str) -> jubilant.Status:
        """Wait until every unit of *application* is active with that message."""
        return self.juju.wait(
            lambda status: (
                jubilant.all_agents_idle(status, application)
                and jubilant.all_active(status, application)
                and all(
                    unit.workload_status.message == message
                    for unit in status.apps[application].units.values()
                )
            ),
            timeout=WAIT_S,
            delay=0.2,
            successes=1,
        )


@pytest.fixture
def site(store: FakeStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Site]:
    own = {
        'POCKET_HOME': str(tmp_path / 'pocket'),
        'POCKET_PORT': '0',
        'POCKET_CHARMHUB_URL': store.url,
        'JUJU_DATA': str(tmp_path / 'juju'),
    }
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv('JUJU_MODEL', raising=False)

    def pocket(*words: str) -> process.Completed:
        return process.run([BIN / 'pocket', *words], env=dict(os.environ), timeout_s=300)

    pocket('up')
    juju = jubilant.Juju(cli_binary=str(tmp_path / 'pocket' / 'bin' / 'juju'), wait_timeout=WAIT_S)
    juju.add_model('shop')
    try:
        yield Site(home=tmp_path / 'pocket', pocket=pocket, juju=juju)
    finally:
        pocket('clean', '--yes')


def _folder(path: Path, metadata: str, script: str) -> Path:
    path.mkdir()
    (path / 'metadata.yaml').write_text(metadata)
    (path / 'dispatch').write_text(script)
    (path / 'dispatch').chmod(0o755)
    return path


def test_a_store_charm_with_its_resource_from_deploy_to_forced_refresh(
    site: Site, store: FakeStore, tmp_path: Path
) -> None:
    juju = site.juju
    _asking(site, tmp_path)

    # The first download breaks off half way, and is done again.
    store.failing_downloads = 1
    juju.deploy('keeper', channel='latest/stable')
    status = site.shows('keeper', 'hello r1')
    app = status.apps['keeper']
    assert (app.charm, app.charm_origin, app.charm_channel, app.charm_rev) == (
        'keeper',
        'charmhub',
        'latest/stable',
        1,
    )
    assert 'cannot download charm "ch:amd64/keeper-1"' in juju.debug_log(limit=0)

    # Nothing newer in its channel: nothing happens.
    assert juju.cli('refresh', 'keeper') == ''
    listed = json.loads(juju.cli('resources', 'keeper', '--format', 'json'))['resources']
    assert [(one['name'], one['origin'], one['revision'], one['used']) for one in listed] == [
        ('words', 'store', '1', True)
    ]

    # A file of one's own makes the unit upgrade, and stays through a refresh to another channel.
    (tmp_path / 'own.txt').write_text('mine')
    juju.cli('attach-resource', 'keeper', f'words={tmp_path / "own.txt"}')
    site.shows('keeper', 'mine r1')
    juju.refresh('keeper', channel='latest/edge')
    site.shows('keeper', 'mine r2')
    juju.refresh('keeper', channel='latest/stable', resources={'words': '1'})
    site.shows('keeper', 'hello r1')
    hooks = juju.exec('cat hooks.log; ls', unit='keeper/0').stdout.split()
    assert hooks.count('hooks/upgrade-charm') == 3
    assert [word for word in hooks if not word.startswith('hooks/')] == sorted(
        ['config.yaml', 'dispatch', 'hooks.log', 'manifest.yaml', 'metadata.yaml', 'notes', 'revision']
    )

    _refusals(site, tmp_path)
    _leaving_by_force(site, tmp_path)

    # What was downloaded and uploaded is private.
    kept = [path for folder in ('charms', 'resources') for path in (site.home / folder).iterdir()]
    assert {path.stat().st_mode & 0o777 for path in kept} == {0o600}


def _asking(site: Site, tmp_path: Path) -> None:
    juju = site.juju
    told = json.loads(juju.cli('info', 'keeper', '--format', 'json'))
    assert list(told['channels']['latest']) == ['stable', 'edge']
    assert [one['name'] for one in json.loads(juju.cli('find', 'keep', '--format', 'json'))] == ['keeper']
    found = json.loads(juju.cli('charm-resources', 'keeper', '--format', 'json'))
    assert [(one['name'], one['revision'], one['origin']) for one in found] == [('words', 1, 'store')]
    target = tmp_path / 'got.charm'
    juju.cli('download', 'keeper', '--channel', 'edge', '--filepath', str(target), include_model=False)
    assert target.stat().st_size > 100
    assert site.fails('deploy', 'nothing') == 'ERROR Name nothing not found.\n'
    assert 'No information found for charm or bundle with the name "nothing"' in site.fails('info', 'nothing')
    assert 'available releases are: latest/stable with' in site.fails(
        'deploy', 'keeper', '--channel', '9/beta'
    )
    assert 'specifying a revision requires a channel' in site.fails('deploy', 'keeper', '--revision', '1')
    assert 'unrecognized resource "x"' in site.fails('deploy', 'keeper', '--resource', 'x=1')
    juju.cli('deploy', 'keeper', '--dry-run', '--base', 'ubuntu@22.04')
    assert juju.status().apps == {}
    juju.model_config({'charmhub-url': 'http://127.0.0.1:9'})
    assert 'cannot reach the charm store at http://127.0.0.1:9' in site.fails('deploy', 'keeper')
    juju.model_config(reset='charmhub-url')


def _refusals(site: Site, tmp_path: Path) -> None:
    other = _folder(tmp_path / 'other', 'name: other\n', '#!/bin/sh\n')
    assert 'cannot refresh "keeper" to "other"' in site.fails('refresh', 'keeper', '--switch', str(other))
    both = site.fails('refresh', 'keeper', '--path', str(other), '--revision', '1')
    assert '--path and --revision are mutually exclusive' in both
    (tmp_path / 'own.tar').write_text('no text')
    wrong = site.fails('attach-resource', 'keeper', f'words={tmp_path / "own.tar"}')
    assert 'incorrect extension on resource upload "own.tar", expected ".txt"' in wrong
    demanding = _folder(tmp_path / 'more', 'name: keeper\nassumes: [juju >= 42]\n', '#!/bin/sh\n')
    refused = site.fails('refresh', 'keeper', '--switch', str(demanding))
    assert 'Charm cannot be deployed because:\n  - charm requires Juju version >= 42.0.0' in refused


WEB = 'name: web\nprovides: {site: {interface: http}}\n'
SAYS = '#!/bin/sh\necho "$JUJU_DISPATCH_PATH" >> hooks.log\nstatus-set active "$(cat revision)"\n'


def _leaving_by_force(site: Site, tmp_path: Path) -> None:
    """A relation whose endpoint an upgrade takes away: refused, forced, and left without hooks."""
    juju = site.juju
    asks = 'name: asker\nrequires: {up: {interface: http}}\n'
    juju.deploy(str(_folder(tmp_path / 'web', WEB, SAYS)), to='0')
    juju.deploy(str(_folder(tmp_path / 'asker', asks, SAYS)), to='0')
    juju.integrate('asker:up', 'web:site')
    juju.wait(lambda status: jubilant.all_agents_idle(status), timeout=WAIT_S, delay=0.5, successes=2)
    less = _folder(tmp_path / 'less', 'name: asker\n', SAYS)
    refused = site.fails('refresh', 'asker', '--path', str(less))
    assert 'to charm "local:asker-1": would break relation "asker:up web:site"' in refused
    juju.refresh('asker', path=less, force=True)
    site.shows('asker', '2')
    juju.remove_relation('asker', 'web')
    juju.wait(lambda status: not status.apps['web'].relations, timeout=WAIT_S, delay=0.2, successes=1)
    assert 'up-relation-broken' not in juju.exec('cat hooks.log', unit='asker/0').stdout
    assert 'site-relation-broken' in juju.exec('cat hooks.log', unit='web/0').stdout
