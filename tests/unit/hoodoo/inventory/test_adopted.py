"""What a controller exports as what a spec says."""

from __future__ import annotations

import pytest
import yaml

from bedrock import errors
from hoodoo import model
from hoodoo.bundle.planning import memory
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
    options: {words: "{{ x }}", admin-password: '{% 8', token: t, credit: 'x', file: 'include-file://x'}
    resources: {image: 1}
  again:
    charm: local:front-4
    num_units: 0
  stored: {charm: keeper, channel: edge, revision: 3, num_units: 1, devices: {gpu: 1}}
machines:
  '0': {annotations: {hoodoo-machine: '7', role: all}}
  '1': {constraints: mem=1G}
relations:
- [front:db, remote:db]
- [front:site, again:backend]
--- # overlay.yaml
applications:
  front: {offers: {pages: {endpoints: [site], acl: {admin: admin, bob: consume}}}}
"""


def _seen() -> adopted.Seen:
    application = model.Application(
        name='front',
        charm='local:noble/front-3',
        status=model.Status(value='active'),
        exposed=True,
        exposed_to={'site': model.Exposure(cidrs=('10.0.0.0/8',)), '': model.Exposure(spaces=('dmz',))},
    )
    offers = {'pages': model.Offer(application='front', endpoints=('site',))}
    options = {'credit': model.OptionValue(value='x', type='secret', source='user')}
    return adopted.Seen(
        snapshot=model.ModelSnapshot(name='m', now_ms=0, applications={'front': application}, offers=offers),
        settings={'front': model.Settings(options=options)},
        annotations={'0': {'hoodoo-machine': '7'}},
    )


def test_a_bundle_says_what_a_spec_can_and_no_secret() -> None:
    made = adopted.bundle(EXPORT, _seen())
    assert made.charms == {'front': 'local:noble/front-3', 'front-4': 'local:front-4'}
    assert made.users == {'front': 'front', 'again': 'front-4'}
    assert made.secrets == ('front: admin-password', 'front: token', 'front: credit')
    hidden = {'admin-password': '{% 8', 'token': 't', 'credit': 'x'}
    private = yaml.safe_load(made.private['secrets.yaml'].replace("{{ '{%' }}", '{%'))
    assert private == {'applications': {'front': {'options': hidden}}}
    assert ' 8' not in repr(made)
    assert [text.partition(';')[0].partition(':')[::2] for text in made.left] == [
        ('front', ' access of bob to its offer pages'),
        ('stored', ' its devices'),
        ('front', ' its option file, which reads like the name of a file to include'),
    ]
    written, overlay = yaml.safe_load_all(made.text.replace("{{ '{{' }}", '{{'))
    limits = {'': {'expose-to-spaces': ['dmz']}, 'site': {'expose-to-cidrs': ['10.0.0.0/8']}}
    front = {'offers': {'pages': {'endpoints': ['site']}}, 'exposed-endpoints': limits}
    assert overlay == {'applications': {'front': front}}
    assert written == {
        'default-base': 'ubuntu@24.04/stable',
        'saas': {'remote': {'url': 'admin/other.db'}},
        'applications': {
            'front': {
                'charm': './front',
                'num_units': 2,
                'to': ['7', 'lxd:1'],
                'options': {'words': '{{ x }}'},
            },
            'again': {'charm': './front-4', 'num_units': 0},
            'stored': {'charm': 'keeper', 'channel': 'edge', 'revision': 3, 'num_units': 1},
        },
        'machines': {'7': {'annotations': {'role': 'all'}}, '1': {'constraints': 'mem=1G'}},
        'relations': [['front:db', 'remote:db'], ['front:site', 'again:backend']],
    }


ON_KUBERNETES = """\
bundle: kubernetes
saas:
  remote: {url: admin/other.db}
  remote-0123: {url: ''}
applications:
  asleep: {charm: local:side-0, options: {db: 'secret:abc', word: 'secrets'}, placement: a=b, trust: true}
  grows: {charm: keeper-k8s, channel: edge, revision: 1, scale: 1, resources: {image: 4}, storage: {d: 1G}}
"""


def test_pods_are_as_many_as_there_will_be() -> None:
    status = model.Status(value='active')
    applications = {
        name: model.Application(name=name, charm=charm, status=status, scale=scale)
        for name, charm, scale in (('asleep', 'local:side-0', 0), ('grows', 'ch:keeper-k8s-1', 3))
    }
    snapshot = model.ModelSnapshot(name='m', now_ms=0, applications=applications, on_kubernetes=True)
    seen = adopted.Seen(snapshot=snapshot, settings={}, annotations={}, attached={'asleep': {'image': ''}})
    made = adopted.bundle(ON_KUBERNETES, seen)
    grows = {'charm': 'keeper-k8s', 'channel': 'edge', 'revision': 1, 'scale': 3, 'resources': {'image': 4}}
    assert yaml.safe_load(made.text) == {
        'bundle': 'kubernetes',
        'saas': {'remote': {'url': 'admin/other.db'}},
        'applications': {
            'asleep': {'charm': './side', 'scale': 0, 'trust': True, 'options': {'word': 'secrets'}},
            'grows': {**grows, 'storage': {'d': '1G'}},
        },
    }
    assert made.secrets == ('asleep: db',)
    assert [text.partition(';')[0] for text in made.left] == [
        'asleep: where its pods go',
        'asleep: its resource image',
        'asleep: the secret that its option db leads to, which cannot be seen',
    ]
    assert yaml.safe_load(made.private['secrets.yaml']) == {
        'applications': {'asleep': {'options': {'db': 'secret:abc'}}}
    }


def test_a_charm_that_was_given_from_here_stays_known_as_it_was_given() -> None:
    def given(digest: str, charm: str) -> model.Deployed:
        return model.Deployed(digest=digest, charm=charm)

    fetched = {
        'known': given('packed', 'local:x-0'),
        'beside': given('packed', 'local:x-0'),
        'since': given('other', 'local:x-2'),
        'same': given('plain', 'local:y-0'),
    }
    known = {
        'known': given('source', 'local:x-0'),
        'since': given('older', 'local:x-1'),
        'same': given('plain', 'local:y-0'),
    }
    deployed, same = adopted.as_given(fetched, known)
    assert {name: found.digest for name, found in deployed.items()} == {
        'known': 'source',
        'beside': 'source',
        'since': 'other',
        'same': 'plain',
    }
    assert same == {'packed': memory.same_charm('source')}


@pytest.mark.parametrize('exported', ['', '- a\n', 'a: [\n', '[' * 5000])
def test_what_is_no_bundle_is_told(exported: str) -> None:
    with pytest.raises(errors.Fault, match='cannot read the bundle'):
        adopted.bundle(exported, _seen())
