"""A model that is there becomes a spec whose first plan is empty, whatever is in the model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.hoodoo import site as sites
from tests.integration.hoodoo.conftest import needs_machines

pytestmark = needs_machines

SECRET = 'hunter2-of-old {{ x'
ODD = {'words': '{{ x }} {% y %} {# z #}', 'port': 81, 'password': SECRET, 'ratio': 1e-7}
MORE = {'words': ' yes\n  two\n\n', 'fast': False, 'password': '0123'}
_REFUSED = (-1, 2)
"""Exit status 2, and what is said on stderr."""


def _adopt(site: sites.Site, *words: str) -> dict[str, Any]:
    return json.loads(site.run('hoodoo', 'env', 'adopt', *words, '--format', 'json'))


def _changes(site: sites.Site, made: dict[str, Any]) -> int:
    return site.plan(Path(made['spec']), '--stage', made['stage'], '--model', made['model'])['changes']


def _drift(site: sites.Site, made: dict[str, Any]) -> list[Any]:
    words = (made['spec'], '--stage', made['stage'], '--model', made['model'], '--format', 'json')
    return json.loads(site.run('hoodoo', 'drift', *words))['entries']


@pytest.fixture(scope='module')
def model(site: sites.Site) -> str:
    """A model that was made by hand."""
    name = 'byhand-staging'
    on = ('--model', name)
    beside = site.charm('beside')
    metadata = yaml.safe_load((beside / 'metadata.yaml').read_text())
    metadata |= {'subordinate': True, 'requires': {'host': {'interface': 'juju-info', 'scope': 'container'}}}
    (beside / 'metadata.yaml').write_text(yaml.safe_dump(metadata))
    bearer = site.charm('bearer')
    metadata = yaml.safe_load((bearer / 'metadata.yaml').read_text())
    metadata |= {'resources': {'blob': {'type': 'file', 'filename': 'blob.txt'}}}
    (bearer / 'metadata.yaml').write_text(yaml.safe_dump(metadata))
    (site.folder / 'blob.txt').write_text('its content')
    blob = f'blob={site.folder / "blob.txt"}'
    (site.folder / 'options.yaml').write_text(yaml.safe_dump({'front': ODD, 'later': MORE}))
    site.juju('add-model', 'afar')
    site.juju('deploy', '--model', 'afar', str(site.charm('alpha')), 'pages')
    site.juju('offer', 'afar.pages:site')
    site.juju('add-model', name)
    site.juju('add-machine', *on)
    site.juju('add-machine', *on, '--constraints', 'mem=700M')
    site.juju('deploy', *on, str(site.charm('alpha')), 'front', '--constraints', 'mem=1G', '--trust')
    site.juju('deploy', *on, str(bearer), 'later', '--to', '1,2', '--num-units', '2', '--resource', blob)
    site.juju('remove-machine', *on, '0', '--no-prompt')
    site.juju('deploy', *on, str(beside), 'watch')
    site.juju('deploy', *on, 'keeper', 'words', '--channel', 'edge', '--revision', '1')
    site.juju('config', *on, 'front', '--file', str(site.folder / 'options.yaml'))
    site.juju('config', *on, 'later', '--file', str(site.folder / 'options.yaml'))
    site.juju('integrate', *on, 'watch', 'front')
    site.juju('consume', *on, 'afar.pages', 'read')
    site.juju('integrate', *on, 'front:backend', 'read')
    site.juju('integrate', *on, 'later:backend', 'front:site')
    site.juju('offer', f'{name}.later:site', 'news')
    site.juju('expose', *on, 'front')
    site.juju('expose', *on, 'later', '--endpoints', 'site', '--to-cidrs', '10.0.0.0/8')
    site.juju('model-config', *on, 'http-proxy=http://u:p@proxy')
    return name


def test_a_model_made_by_hand_is_adopted(site: sites.Site, model: str) -> None:
    made = _adopt(site, model)
    assert made['name'] == 'byhand/pocket/default/staging'
    assert made['secrets'] == ['front: password', 'later: password']
    assert [text.partition(';')[0] for text in made['left']] == ['the model: its settings http-proxy']
    assert _changes(site, made) == 0
    assert _drift(site, made) == []
    spec = Path(made['spec'])
    (folder,) = (Path(folder) for folder in made['secrets_in'])
    assert folder == site.folder / 'mojo' / 'LOCAL' / 'byhand' / 'staging'
    private = folder / 'secrets.yaml'
    assert (private.stat().st_mode & 0o777, folder.stat().st_mode & 0o777) == (0o600, 0o700)
    assert 'hunter2-of-old' in private.read_text()
    assert not any('hunter2' in path.read_text() for path in spec.rglob('*') if path.is_file())
    assert (spec / 'charms' / 'alpha' / 'dispatch').stat().st_mode & 0o100
    listed = json.loads(site.run('hoodoo', 'env', 'list', '--format', 'json'))
    (entry,) = (one for one in listed if one['name'] == made['name'])
    assert (entry['model'], entry['spec']) == (model, str(spec))


def _normal(site: sites.Site, model: str) -> list[dict[str, Any]]:
    """What the model's export says, whatever its machines' numbers are."""
    base, overlay = yaml.safe_load_all(site.juju('export-bundle', '--model', model))
    machines = {number: entry.get('constraints') for number, entry in base.pop('machines').items()}
    for entry in base['applications'].values():
        # Which revision a local charm has tells only how often it was brought.
        entry['charm'] = entry['charm'].rpartition('-')[0] or entry['charm']
        entry['to'] = [machines[number] for number in entry.get('to', ())]
    base['relations'] = sorted(sorted(pair) for pair in base['relations'])
    return [base, overlay]


def test_the_spec_of_a_model_makes_another_one_like_it(site: sites.Site, model: str, tmp_path: Path) -> None:
    made = _adopt(site, model, '--as', 'twin/staging', '--spec', str(tmp_path / 'twin'))
    manifest = Path(made['spec'], 'manifest')
    manifest.write_text(manifest.read_text().replace('bundle ', 'bundle wait=False '))
    site.run('hoodoo', 'run', made['spec'], '--stage', 'staging', '--model', 'twin')
    twin = {**made, 'model': 'twin'}
    assert (_changes(site, twin), _drift(site, twin)) == (0, [])
    assert _normal(site, 'twin') == _normal(site, model)
    brought = json.loads(site.juju('resources', '--model', 'twin', 'later', '--format', 'json'))
    assert [one['name'] for one in brought['resources'] if one['origin'] == 'upload'] == ['blob']


def test_a_charm_may_be_named_instead_of_fetched(site: sites.Site, model: str, tmp_path: Path) -> None:
    charm = site.charm('alpha')
    words = ('--as', 'other/staging', '--spec', str(tmp_path / 'spec'))
    made = _adopt(site, model, *words, '--charm', f'front={charm}')
    assert not (tmp_path / 'spec' / 'charms' / 'alpha').exists()
    assert _changes(site, made) == 0


def test_what_cannot_be_is_refused_and_changes_nothing(site: sites.Site, model: str, tmp_path: Path) -> None:
    before = site.run('hoodoo', 'env', 'list')
    dry = _adopt(site, model, '--as', 'dry/ci', '--spec', str(tmp_path / 'deep' / 'spec'), '--dry-run')
    assert dry['secrets_in'] == [
        str(site.folder / 'mojo' / 'LOCAL' / name / 'ci') for name in ('dry', 'spec')
    ]
    assert not any(Path(folder).exists() for folder in dry['secrets_in'])
    assert not (tmp_path / 'deep').exists()
    for words, said in (
        (('--charm', 'words=.'), 'no application of that name has a local charm'),
        (('--spec', '.'), 'is there already'),
    ):
        assert said in site.run('hoodoo', 'env', 'adopt', model, '--as', 'refused/ci', *words, codes=_REFUSED)
    site.juju('add-model', 'empty')
    assert 'nothing is deployed in it' in site.run('hoodoo', 'env', 'adopt', 'empty', codes=_REFUSED)
    assert site.run('hoodoo', 'env', 'list') == before
