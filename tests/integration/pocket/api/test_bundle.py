"""Bundles and annotations over the wire, as python-libjuju and the Juju client ask for them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import yaml

from pocket.services.errors import JujuError

Call = Callable[..., Awaitable[Any]]
Deploy = Callable[..., Awaitable[str]]

BUNDLE = """
applications:
  web: {charm: "local:tester-0", num_units: 1, to: ["0"], options: {port: 81}}
machines: {0: {}}
"""


async def test_changes_have_ids_requirements_and_arguments(on_model: Call) -> None:
    found = await on_model('Bundle', 6, 'GetChangesMapArgs', yaml=BUNDLE, bundleURL='./b.yaml')
    assert found == {
        'changes': [
            {'id': 'addCharm-0', 'method': 'addCharm', 'args': {'charm': 'local:tester-0'}, 'requires': []},
            {
                'id': 'deploy-1',
                'method': 'deploy',
                'args': {'charm': '$addCharm-0', 'application': 'web', 'options': {'port': 81}},
                'requires': ['addCharm-0'],
            },
            # python-libjuju makes no machine without a series.
            {'id': 'addMachines-2', 'method': 'addMachines', 'args': {'series': 'noble'}, 'requires': []},
            {
                'id': 'addUnit-3',
                'method': 'addUnit',
                'args': {'application': '$deploy-1', 'to': '$addMachines-2'},
                'requires': ['addMachines-2', 'deploy-1'],
            },
        ]
    }
    older = await on_model('Bundle', 6, 'GetChanges', yaml=BUNDLE, bundleURL='./b.yaml')
    assert older['changes'][0]['args'] == ['local:tester-0', '', '']
    assert older['changes'][3]['args'] == ['$deploy-1', '$addMachines-2']


async def test_what_is_wrong_with_a_bundle_is_all_in_the_answer(on_model: Call) -> None:
    text = 'applications: {a: {}, b: {charm: x, num_units: -1}}'
    found = await on_model('Bundle', 6, 'GetChangesMapArgs', yaml=text, bundleURL='')
    assert found == {
        'errors': [
            'empty charm path in application "a"',
            'negative number of units specified on application "b"',
        ]
    }


async def test_a_model_is_exported_with_overlay_and_defaults(on_model: Call, deploy: Deploy) -> None:
    with pytest.raises(JujuError, match='nothing to export as there are no applications'):
        await on_model('Bundle', 6, 'ExportBundle')
    await deploy('web', config={'name': 'x'})
    await on_model(
        'Application',
        20,
        'Expose',
        application='web',
        **{'exposed-endpoints': {'web': {'expose-to-cidrs': ['10.0.0.0/8']}}},
    )
    text = (await on_model('Bundle', 6, 'ExportBundle', **{'include-charm-defaults': True}))['result']
    base, overlay = yaml.safe_load_all(text)
    assert base['applications']['web'] == {
        'charm': 'local:tester-0',
        'num_units': 1,
        'to': ['0'],
        'options': {'name': 'x', 'port': 80},
    }
    assert overlay == {
        'applications': {'web': {'exposed-endpoints': {'web': {'expose-to-cidrs': ['10.0.0.0/8']}}}}
    }
    again = await on_model('Bundle', 6, 'GetChangesMapArgs', yaml=text, bundleURL='')
    assert [change['method'] for change in again['changes']] == [
        'addCharm',
        'deploy',
        'expose',
        'addMachines',
        'addUnit',
    ]


async def test_annotations_are_watched_and_their_errors_are_nested(on_model: Call, deploy: Deploy) -> None:
    await deploy('web')
    notes = {'entity': 'application-web', 'annotations': {'gui-x': '1'}}
    done = await on_model('Annotations', 2, 'Set', annotations=[notes, {**notes, 'entity': 'unit-gone-0'}])
    assert done['results'][0] == {}
    assert done['results'][1]['error']['code'] == 'unauthorized access'
    watcher = (await on_model('Client', 6, 'WatchAll'))['watcher-id']
    deltas = (await on_model('AllWatcher', 3, 'Next', of=watcher))['deltas']
    seen = [document for kind, _, document in deltas if kind == 'annotation']
    assert [(entry['tag'], entry['annotations']) for entry in seen] == [('application-web', {'gui-x': '1'})]
    asked = [{'tag': 'application-web'}, {'tag': 'machine-9'}]
    found = (await on_model('Annotations', 2, 'Get', entities=asked))['results']
    assert found[0] == {'entity': 'application-web', 'annotations': {'gui-x': '1'}}
    assert found[1]['error']['error']['message'].endswith('permission denied')


async def test_endpoints_are_bound_to_the_one_space(on_model: Call, deploy: Deploy) -> None:
    await deploy('web', **{'endpoint-bindings': {'': 'alpha', 'db': '0'}})

    async def bind(**bindings: str) -> Any:
        args = [{'application-tag': 'application-web', 'bindings': bindings, 'force': False}]
        return (await on_model('Application', 20, 'MergeBindings', args=args))['results'][0]

    assert await bind(web='alpha') == {}
    assert 'space "beta" not found' in (await bind(web='beta'))['error']['message']
    assert 'no endpoint "gone"' in (await bind(gone='alpha'))['error']['message']
