"""Environments whose models are on Kubernetes: scaled by a spec, adopted, looked at, entered."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bedrock.oci import layers, model, writer
from tests.e2e.conftest import Site, site_of

pytestmark = [pytest.mark.e2e, pytest.mark.nspawn]

_METADATA = """
name: teller
summary: Says that it is there.
assumes: [k8s-api]
containers: {app: {resource: app-image, mounts: [{storage: data, location: /srv}]}}
resources: {app-image: {type: oci-image}}
storage: {data: {type: filesystem}}
provides: {told: {interface: telling}}
requires: {asked: {interface: telling}}
"""
_CONFIG = """
options:
  word: {type: string, default: hello}
  password: {type: string}
  account: {type: string}
"""


@pytest.fixture(scope='module')
def host(tmp_path_factory: pytest.TempPathFactory) -> Generator[Site]:
    folder = tmp_path_factory.mktemp('pods')
    own = {'HOODOO_INVENTORY': str(folder / 'inventory'), 'XDG_STATE_HOME': str(folder / 'state')}
    site = Site(env={**site_of(folder).env, **own, 'HOODOO_REFRESH': '0'}, folder=folder)
    (folder / 'inventory').mkdir()
    charm = folder / 'teller'
    charm.mkdir()
    (charm / 'metadata.yaml').write_text(_METADATA)
    (charm / 'config.yaml').write_text(_CONFIG)
    (charm / 'manifest.yaml').write_text('bases: [{name: debian, channel: "12", architectures: [amd64]}]\n')
    (charm / 'dispatch').write_text('#!/bin/sh\nstatus-set active\n')
    (charm / 'dispatch').chmod(0o755)
    (folder / 'tree').mkdir()
    layer = layers.write(folder / 'tree', folder / 'layer', epoch=1)
    config = model.Config(architecture=model.this_architecture())
    writer.write(folder / 'image', [layer], config, tag='latest')
    try:
        site.pocket('up')
        yield site
    finally:
        site.pocket('clean', '--yes')


class Scaled:
    """A spec of one application, whose number of pods changes."""

    def __init__(self, host: Site) -> None:
        self._host, self._spec = host, host.folder / 'scaled'
        self._spec.mkdir()
        (self._spec / 'manifest').write_text('collect\nbundle config=bundle settle=0\n')
        (self._spec / 'collect').write_text(f'teller {host.folder}/teller\n')

    def wants(self, **units: int) -> None:
        told = {'charm': './teller', 'resources': {'app-image': f'oci:{self._host.folder}/image'}, **units}
        bundle = {'bundle': 'kubernetes', 'applications': {'teller': told}}
        (self._spec / 'bundle').write_text(yaml.safe_dump(bundle))

    def _json(self, command: str) -> dict[str, Any]:
        done = self._host.hoodoo(command, str(self._spec), '--format', 'json', check=False)
        assert done.returncode in (0, 2), done.stderr
        return json.loads(done.stdout)

    def planned(self) -> tuple[list[str], list[str]]:
        """The steps, and what is left as it is."""
        (line,) = self._json('plan')['lines']
        return [step['text'] for step in line['steps']], line['remarks']

    def run(self) -> None:
        self._host.hoodoo('run', str(self._spec))

    def drift(self) -> list[tuple[str, str]]:
        return [(entry['what'], entry['kind']) for entry in self._json('drift')['entries']]


@pytest.fixture(scope='module')
def scaled(host: Site) -> Scaled:
    """Two pods, after there were none."""
    made = Scaled(host)
    made.wants(scale=0)
    made.run()
    made.wants(num_units=2)
    assert made.planned() == (['scale teller from 0 to 2 units'], [])
    made.run()
    return made


def test_a_model_on_kubernetes_is_adopted_and_entered(host: Site, scaled: Scaled) -> None:
    on = ('--model', 'scaled')
    charm, image = str(host.folder / 'teller'), f'app-image=oci:{host.folder}/image'
    host.juju('deploy', *on, charm, 'asleep', '--resource', image, '--constraints', 'mem=300M', '--trust')
    host.juju('scale-application', *on, 'asleep', '0')
    uri = host.juju('add-secret', *on, 'account', 'password=hunter2').stdout.strip()
    host.juju('config', *on, 'teller', 'word=hi', 'password=hunter3', f'account={uri}')
    host.juju('integrate', *on, 'teller:asked', 'asleep:told')
    made = json.loads(host.hoodoo('env', 'adopt', 'scaled', '--format', 'json').stdout)
    assert made['name'] == 'scaled/k8s/default/production'
    assert sorted(made['secrets']) == ['teller: account', 'teller: password']
    left = [text.partition(';')[0] for text in made['left']]
    assert left[:2] == ['asleep: its resource app-image', 'teller: its resource app-image']
    assert [text.partition(' that ')[0] for text in left[2:]] == ['teller: the secret account']
    spec = Path(made['spec'])
    bundle = yaml.safe_load((spec / 'production' / 'bundle.yaml').read_text())
    scales = {name: entry['scale'] for name, entry in bundle['applications'].items()}
    assert (bundle['bundle'], scales) == ('kubernetes', {'asleep': 0, 'teller': 2})
    assert not any('hunter' in path.read_text() for path in spec.rglob('*') if path.is_file())
    here = (str(spec), '--stage', 'production', *on, '--format', 'json')
    assert json.loads(host.hoodoo('plan', *here).stdout)['changes'] == 0
    assert json.loads(host.hoodoo('drift', *here).stdout)['entries'] == []
    account = Path(made['secrets_in'][0], 'juju-secrets', 'account.yaml')
    assert (account.read_text(), account.stat().st_mode & 0o777) == ('password: hunter2\n', 0o600)
    (row,) = json.loads(host.hoodoo('env', 'status', '--format', 'json', check=False).stdout)
    assert (row['applications'], row['machines']) == (2, 0)
    inside = ('juju', 'ssh', '--container', 'charm', 'teller/0', '--', 'hostname')
    raised = ('--no-spec', '--write', '--reason', 'a test')
    assert host.hoodoo('env', 'exec', made['name'], *raised, '--', *inside).stdout == 'teller-0\n'


def test_a_spec_scales_pods_from_none_and_removes_none(host: Site, scaled: Scaled) -> None:
    assert scaled.planned() == ([], [])
    scaled.wants(scale=0)
    scaled.run()
    there = host.status('scaled')['applications']['teller']['units']
    assert (len(there), dict(scaled.drift())['teller: units']) == (2, 'not rolled out yet')
    host.juju('scale-application', '--model', 'scaled', 'teller', '0')
    scaled.wants(num_units=2)
    # Those before may not be gone yet.
    assert scaled.planned() == (['scale teller from 0 to 2 units'], [])
