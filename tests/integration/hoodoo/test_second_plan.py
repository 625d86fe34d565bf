"""A second plan after a deploy is empty, whatever the bundle: on a real controller."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.integration.hoodoo import site as sites
from tests.integration.hoodoo.conftest import needs_machines

pytestmark = needs_machines

NAMES = ('alpha', 'beta', 'gamma')
OPTIONS = {
    'port': st.integers(1, 9999),
    'ratio': st.floats(0, 9, allow_nan=False).map(lambda value: round(value, 3)),
    'fast': st.sampled_from([True, False, 'True', 'false', 'true']),
    'words': st.sampled_from(['', 'x', 'two words', 'line\nline\n', '8', 'true', 'Ünï: "quoted"', '- x']),
    'password': st.sampled_from(['hunter2', '0123']),
}
CONSTRAINTS = st.sampled_from(
    ['', 'mem=1G', 'mem=1536M cores=2', 'root-disk=8G tags=b,a', 'cores=1 arch=amd64']
)
numbers = itertools.count()


@st.composite
def services(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """What a bundle may say of one application; at most one unit more than the first has machines for."""
    told: dict[str, Any] = {'charm': name, 'num_units': draw(st.integers(0, 1))}
    told['options'] = draw(st.fixed_dictionaries({}, optional=OPTIONS))
    told['constraints'] = draw(CONSTRAINTS)
    told['annotations'] = draw(st.dictionaries(st.sampled_from(['gui-x', 'gui-y']), st.just('12')))
    told['expose'] = draw(st.booleans())
    return told


@st.composite
def bundles(draw: st.DrawFn) -> dict[str, Any]:
    """A bundle of either of juju-deployer's versions, or with machines and units on them."""
    chosen = {name: draw(services(name)) for name in NAMES}
    pairs = [['alpha:backend', 'beta:site'], ['beta:backend', 'gamma:site'], ['gamma:backend', 'alpha:site']]
    whole: dict[str, Any] = {'services': chosen, 'relations': draw(st.lists(st.sampled_from(pairs)))}
    if draw(st.booleans()):
        chosen['alpha']['num_units'] = 1
        chosen['beta'] |= {'num_units': 1, 'to': ['alpha']}
        return {'whole': whole}
    whole['machines'] = {'5': {'constraints': 'mem=1G', 'annotations': {'role': 'all'}}}
    chosen['alpha'] |= {'num_units': 1, 'to': ['5']}
    chosen['gamma'] |= {'num_units': 2, 'to': ['5', 'alpha/0']}
    return whole


def _spec(site: sites.Site, bundle: dict[str, Any], *, stage: str) -> Path:
    """A spec with one deploy line that does not wait: what units do is not what is looked at."""
    spec = site.folder / 'specs' / stage
    spec.mkdir(parents=True)
    (spec / 'manifest').write_text('collect\ndeploy config=bundle wait=False\n')
    (spec / 'collect').write_text(''.join(f'{name} {site.charm(name)}\n' for name in NAMES))
    (spec / 'bundle').write_text(yaml.safe_dump(bundle, allow_unicode=True, sort_keys=False))
    return spec


@settings(
    max_examples=5,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(bundle=bundles())
def test_a_second_plan_is_empty(site: sites.Site, bundle: dict[str, Any]) -> None:
    spec = _spec(site, bundle, stage=f'generated-{next(numbers)}')
    first = site.plan(spec)
    assert first['changes'] >= len(NAMES)
    events = [
        json.loads(line)['event']
        for line in site.run('hoodoo', 'run', str(spec), '--format', 'json').splitlines()
    ]
    done = [event['text'] for event in events if event['type'] == 'step' and event['state'] == 'done']
    planned = [step['text'] for line in first['lines'] for step in line['steps']]
    assert sorted(done) == sorted(planned)
    assert site.plan(spec)['lines'][0]['steps'] == []
    assert json.loads(site.run('hoodoo', 'drift', str(spec), '--format', 'json'))['entries'] == []
    adopted = json.loads(site.run('hoodoo', 'env', 'adopt', spec.name, '--format', 'json'))
    again = site.plan(Path(adopted['spec']), '--stage', adopted['stage'], '--model', spec.name)
    assert again['changes'] == 0


def test_a_container_that_the_controller_refuses_fails_the_run_with_its_words(site: sites.Site) -> None:
    bundle = {'whole': {'services': {'alpha': {'num_units': 1}, 'beta': {'num_units': 1, 'to': 'lxd:alpha'}}}}
    spec = _spec(site, bundle, stage='contained')
    said = site.run('hoodoo', 'run', str(spec), codes=(1,))
    assert 'deploy beta, 1 unit (to lxd:alpha)' in said
    assert 'lxd' in said.rpartition('ERROR')[2]
    left = [step['text'] for step in site.plan(spec)['lines'][0]['steps']]
    assert not any('alpha,' in text for text in left)


def test_drift_tells_whose_change_it_is(site: sites.Site) -> None:
    options = {'port': 81, 'words': 'spec', 'password': 'hunter2'}
    services: dict[str, dict[str, Any]] = {
        'alpha': {'num_units': 0, 'options': options},
        'beta': {'num_units': 0},
        'gamma': {'num_units': 0},
    }
    relations = [['alpha:backend', 'beta:site']]
    whole: dict[str, Any] = {'whole': {'services': services, 'relations': relations}}
    spec = _spec(site, whole, stage='drifting')
    site.run('hoodoo', 'run', str(spec))
    model = ('--model', 'drifting')
    site.juju('config', *model, 'alpha', 'words=hand', 'password=other', 'ratio=0.75')
    site.juju('remove-application', *model, 'gamma', '--no-prompt')
    site.juju('remove-relation', *model, 'alpha:backend', 'beta:site')
    site.juju('deploy', *model, str(site.charm('quiet')), 'stranger')
    services['alpha']['options'] = {**options, 'port': 82, 'words': 'both'}
    (spec / 'bundle').write_text(yaml.safe_dump(whole))
    text = site.run('hoodoo', 'drift', str(spec), '--values', '--format', 'json', codes=(2,))
    found = {entry['what']: entry for entry in json.loads(text)['entries']}
    assert {what: entry['kind'] for what, entry in found.items()} == {
        'alpha: option port': 'not rolled out yet',
        'alpha: option words': 'both',
        'alpha: option password': 'changed by hand',
        'alpha: option ratio': 'changed by hand',
        'gamma': 'gone',
        'alpha:backend - beta:site': 'gone',
        'stranger': 'unknown to the spec',
    }
    words = found['alpha: option words']
    assert (words['deployed'], words['spec'], words['model']) == ('***', 'both', 'hand')
    assert 'hunter2' not in text
    assert 'other' not in text
    shown = site.run('hoodoo', 'plan', str(spec), '--values', codes=(2,))
    assert 'port: 81 -> 82' in shown
    assert 'password: *** -> ***' in shown


def test_a_charm_of_the_store_follows_its_channel_and_revision(site: sites.Site) -> None:
    def bundle(**release: object) -> dict[str, Any]:
        return {'whole': {'services': {'words': {'charm': 'ch:keeper', 'num_units': 0, **release}}}}

    def steps() -> list[str]:
        return [step['text'] for step in site.plan(spec)['lines'][0]['steps']]

    spec = _spec(site, bundle(channel='latest/stable'), stage='stored')
    site.run('hoodoo', 'run', str(spec))
    assert steps() == []
    (spec / 'bundle').write_text(yaml.safe_dump(bundle(channel='edge')))
    assert steps() == ['refresh words: from channel latest/stable to latest/edge']
    site.run('hoodoo', 'run', str(spec))
    assert steps() == []
    (spec / 'bundle').write_text(yaml.safe_dump(bundle(channel='edge', revision=1)))
    assert steps() == ['refresh words: from revision 2 to 1']
