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

SECRET = 'hunter2-of-old'
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
    site.juju('add-model', name)
    site.juju('deploy', *on, str(site.charm('alpha')), 'front', '--constraints', 'mem=1G', '--trust')
    site.juju('deploy', *on, str(site.charm('alpha')), 'later', '--to', '0')
    site.juju('deploy', *on, str(beside), 'watch')
    site.juju('deploy', *on, 'keeper', 'words', '--channel', 'edge', '--revision', '1')
    site.juju('config', *on, 'front', f'password={SECRET}', 'words={{ x }} {% y %} {# z #}', 'port=81')
    site.juju('integrate', *on, 'front:backend', 'later:site')
    site.juju('integrate', *on, 'watch', 'front')
    site.juju('expose', *on, 'front')
    return name


def test_a_model_made_by_hand_is_adopted(site: sites.Site, model: str) -> None:
    made = _adopt(site, model)
    assert made['name'] == 'byhand/pocket/default/staging'
    assert made['secrets'] == ['front: password']
    assert _changes(site, made) == 0
    assert _drift(site, made) == []
    spec = Path(made['spec'])
    (private,) = (Path(file) for file in made['secrets_in'])
    assert private == site.folder / 'mojo' / 'LOCAL' / 'byhand' / 'staging' / 'secrets.yaml'
    assert (private.stat().st_mode & 0o777, private.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert SECRET in private.read_text()
    assert not any(SECRET in path.read_text() for path in spec.rglob('*') if path.is_file())
    assert (spec / 'charms' / 'alpha' / 'dispatch').stat().st_mode & 0o100
    listed = json.loads(site.run('hoodoo', 'env', 'list', '--format', 'json'))
    (entry,) = (one for one in listed if one['name'] == made['name'])
    assert (entry['model'], entry['spec']) == (model, str(spec))


def test_a_charm_may_be_named_instead_of_fetched(site: sites.Site, model: str, tmp_path: Path) -> None:
    charm = site.charm('alpha')
    words = ('--as', 'other/staging', '--spec', str(tmp_path / 'spec'))
    made = _adopt(site, model, *words, '--charm', f'front={charm}', '--charm', f'later={charm}')
    assert not (tmp_path / 'spec' / 'charms' / 'alpha').exists()
    assert _changes(site, made) == 0


def test_what_cannot_be_is_refused_and_changes_nothing(site: sites.Site, model: str) -> None:
    before = site.run('hoodoo', 'env', 'list')
    for words, said in (
        (('--charm', 'words=.'), 'no application of that name has a local charm'),
        (('--spec', '.'), 'is there already'),
    ):
        assert said in site.run('hoodoo', 'env', 'adopt', model, '--as', 'refused/ci', *words, codes=_REFUSED)
    site.juju('add-model', 'empty')
    assert 'nothing is deployed in it' in site.run('hoodoo', 'env', 'adopt', 'empty', codes=_REFUSED)
    assert site.run('hoodoo', 'env', 'list') == before
