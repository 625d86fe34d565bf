"""What a controller exports as what a spec says."""

from __future__ import annotations

import pytest
import yaml

from bedrock import errors
from hoodoo import model
from hoodoo.inventory import adopted

EXPORT = """\
default-base: ubuntu@24.04/stable
saas:
  remote: {url: admin/other.db}
applications:
  front:
    charm: local:noble/front-3
    num_units: 2
    to: ['0', 'lxd:1']
    options: {words: "{{ x }}", admin-password: old, token: t, credit: 'x'}
    resources: {image: 1}
  again:
    charm: local:front-4
    num_units: 0
  stored: {charm: keeper, channel: edge, revision: 3, num_units: 1, devices: {gpu: 1}}
machines:
  '0': {annotations: {hoodoo-machine: web, role: all}}
  '1': {constraints: mem=1G}
relations:
- [front:db, remote:db]
- [front:site, again:backend]
--- # overlay.yaml
applications:
  front: {offers: {site: {endpoints: [site]}}, exposed-endpoints: {site: {}}}
"""


def _seen() -> adopted.Seen:
    application = model.Application(
        name='front', charm='local:noble/front-3', status=model.Status(value='active'), exposed=True
    )
    options = {'credit': model.OptionValue(value='x', type='secret', source='user')}
    return adopted.Seen(
        snapshot=model.ModelSnapshot(name='m', now_ms=0, applications={'front': application}),
        settings={'front': model.Settings(options=options)},
        annotations={'0': {'hoodoo-machine': 'web'}},
    )


def test_a_bundle_says_what_a_spec_can_and_no_secret() -> None:
    made = adopted.bundle(EXPORT, _seen())
    assert made.charms == {'front': 'local:noble/front-3', 'front-4': 'local:front-4'}
    assert made.users == {'front': 'front', 'again': 'front-4'}
    assert made.secrets == ('front: admin-password', 'front: token', 'front: credit')
    assert [text.partition(';')[0].partition(':')[::2] for text in made.left] == [
        ('remote', ' it is an offer of another model'),
        ('front', ' which endpoints are exposed to whom'),
        ('front', ' its offers'),
        ('front', ' its resources'),
        ('stored', ' its devices'),
    ]
    written = yaml.safe_load(made.text.replace("{{ '{{' }}", '{{'))
    assert written == {
        'default-base': 'ubuntu@24.04/stable',
        'applications': {
            'front': {
                'charm': './front',
                'num_units': 2,
                'to': ['web', 'lxd:1'],
                'expose': True,
                'options': {'words': '{{ x }}'},
            },
            'again': {'charm': './front-4', 'num_units': 0},
            'stored': {'charm': 'keeper', 'channel': 'edge', 'revision': 3, 'num_units': 1},
        },
        'machines': {'web': {'annotations': {'role': 'all'}}, '1': {'constraints': 'mem=1G'}},
        'relations': [['front:site', 'again:backend']],
    }


@pytest.mark.parametrize('exported', ['', '- a\n', 'a: [\n', '[' * 5000])
def test_what_is_no_bundle_is_told(exported: str) -> None:
    with pytest.raises(errors.Fault, match='cannot read the bundle'):
        adopted.bundle(exported, _seen())
