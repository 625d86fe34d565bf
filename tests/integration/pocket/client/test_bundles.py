"""Bundles on real machines: by our client, by jubilant, again, exported, and waited for."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import jubilant
import pytest
import yaml

from bedrock import process

pytestmark = pytest.mark.nspawn

BIN = Path(sys.executable).parent
BUNDLE = Path(__file__).parents[3] / 'data' / 'bundles' / 'two'


@dataclass(frozen=True, kw_only=True)
class Site:
    """A controller of its own."""

    env: dict[str, str]
    home: Path

    def pocket(self, *words: str, check: bool = True) -> process.Completed:
        return process.run([BIN / 'pocket', *words], env=self.env, timeout_s=300, check=check)

    def juju(self, *words: str, check: bool = True) -> process.Completed:
        return self.pocket('juju', *words, check=check)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(('JUJU_', 'POCKET_'))}
    own = {'POCKET_HOME': str(tmp_path / 'pocket'), 'POCKET_PORT': '0', 'JUJU_DATA': str(tmp_path / 'juju')}
    made = Site(env={**kept, **own}, home=tmp_path / 'pocket')
    made.pocket('up')
    try:
        yield made
    finally:
        made.pocket('clean', '--yes')


def test_a_bundle_with_overlay_is_deployed_once(site: Site) -> None:
    words = ['deploy', str(BUNDLE), '--overlay', str(BUNDLE / 'overlay.yaml')]
    site.juju('add-model', 'm')
    told = site.juju(*words, '--dry-run')
    assert told.stdout.startswith('Changes to deploy bundle:\n- upload charm ')
    assert site.juju('status', '--format', 'json').stdout.count('"page"') == 0

    done = site.juju(*words)
    assert done.stdout.splitlines()[0] == 'Executing changes:'
    assert done.stdout.splitlines()[1:] == told.stdout.splitlines()[1:]
    assert done.stderr.endswith('Deploy of bundle completed.\n')

    goal = 'len(units) == 2 && forEach(units, unit => unit.workload-message == "laid over: swordfish")'
    site.juju('wait-for', 'application', 'page', '--query', goal, '--timeout', '4m')
    status = jubilant.Status._from_dict(yaml.safe_load(site.juju('status', '--format', 'json').stdout))  # pyright: ignore[reportPrivateUsage]
    machines = [unit.machine for unit in status.apps['page'].units.values()]
    assert machines == ['0', '1']
    assert status.apps['store'].units['store/0'].machine == '0'
    assert status.apps['page'].exposed
    assert site.juju('constraints', 'page').stdout == 'mem=512M\n'

    again = site.juju(*words)
    assert (again.stdout, again.stderr) == ('', 'No changes to apply.\n')
    with_change = site.juju(*words[:2])
    assert with_change.stdout == 'Executing changes:\n- set application options for page\n'
    _exported_is_the_same(site)


def _exported_is_the_same(site: Site) -> None:
    file = site.home.parent / 'exported.yaml'
    site.juju('export-bundle', '--filename', str(file))
    document = yaml.safe_load(file.read_text())
    assert document['default-base'] == 'debian@12/stable'
    assert document['applications']['page'] == {
        'charm': 'local:page-0',
        'num_units': 2,
        'to': ['0', '1'],
        'expose': True,
        'options': {'title': 'base'},
        'annotations': {'gui-x': '10'},
        'constraints': 'mem=512M',
    }
    assert document['relations'] == [['page:word', 'store:word']]
    assert site.juju('deploy', str(file)).stderr == 'No changes to apply.\n'
    site.juju('remove-application', '--no-prompt', 'page')
    gone = 'forEach(applications, app => app.name != "page")'
    site.juju('wait-for', 'model', 'm', '--query', gone, '--timeout', '2m')
    site.juju('deploy', str(file))
    site.juju('wait-for', 'application', 'page', '--timeout', '4m')


def test_jubilant_deploys_a_bundle_with_overlays(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for key in ('POCKET_HOME', 'POCKET_PORT', 'JUJU_DATA'):
        monkeypatch.setenv(key, site.env[key])
    juju = jubilant.Juju(cli_binary=str(site.home / 'bin' / 'juju'))
    juju.add_model('j')
    juju.deploy(BUNDLE / 'bundle.yaml', overlays=[BUNDLE / 'overlay.yaml'])
    status = juju.wait(lambda seen: jubilant.all_active(seen, 'page', 'store'), timeout=240)
    assert status.apps['page'].app_status.message == 'laid over: swordfish'
    assert [app.relations['word'][0].related_app for app in status.apps.values()] == ['store', 'page']
