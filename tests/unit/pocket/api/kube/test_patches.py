"""Patches of each kind."""

from __future__ import annotations

from typing import Any

import pytest

from pocket.api.kube import patches

MERGE = 'application/merge-patch+json'
PORTS = {'spec': {'ports': [{'port': 80}, {'port': 81}]}}
SET = {
    'spec': {
        'replicas': 1,
        'template': {
            'spec': {
                'containers': [
                    {'name': 'charm'},
                    {'name': 'web', 'resources': {'limits': {'cpu': '1', 'memory': '1Gi'}}},
                ]
            }
        },
    }
}


def _set(**web: Any) -> dict[str, Any]:
    return {'spec': {'template': {'spec': {'containers': [{'name': 'web', **web}]}}}}


@pytest.mark.parametrize(
    ('media', 'current', 'sent', 'wanted'),
    [
        (MERGE, {'a': {'b': 1, 'c': 2}}, {'a': {'b': None, 'd': 3}}, {'a': {'c': 2, 'd': 3}}),
        (MERGE, PORTS, {'spec': {'ports': [{'port': 9}]}}, {'spec': {'ports': [{'port': 9}]}}),
        (
            patches.STRATEGIC,
            PORTS,
            {'spec': {'ports': [{'port': 81, 'name': 'x'}, {'port': 80, '$patch': 'delete'}, {'port': 9}]}},
            {'spec': {'ports': [{'port': 81, 'name': 'x'}, {'port': 9}]}},
        ),
        (
            patches.APPLY,
            {'metadata': {'labels': {'a': 'b'}}, 'data': {'x': '1', 'y': '2'}},
            {'metadata': {'labels': {'c': 'd'}}, 'data': {'x': '3'}},
            {'metadata': {'labels': {'a': 'b', 'c': 'd'}}, 'data': {'x': '3'}},
        ),
        (
            patches.JSON_PATCH,
            {'m': {'a/b': '1'}, 'l': [1, 2]},
            [
                {'op': 'test', 'path': '/m/a~1b', 'value': '1'},
                {'op': 'replace', 'path': '/m/a~1b', 'value': '2'},
                {'op': 'add', 'path': '/m/c', 'value': '3'},
                {'op': 'remove', 'path': '/l/0'},
                {'op': 'add', 'path': '/l/-', 'value': 4},
                {'op': 'add', 'path': '/l/0', 'value': 0},
            ],
            {'m': {'a/b': '2', 'c': '3'}, 'l': [0, 2, 4]},
        ),
    ],
)
def test_a_patch_means_what_its_kind_says(media: str, current: Any, sent: Any, wanted: Any) -> None:
    assert patches.patched(current, sent, media) == wanted


def test_limits_that_are_applied_are_all_that_there_are_and_others_stay() -> None:
    limits = {'limits': {'cpu': '2'}}
    found = patches.patched(SET, _set(resources=limits), patches.APPLY)
    assert found['spec']['replicas'] == 1
    assert found['spec']['template']['spec']['containers'] == [
        {'name': 'charm'},
        {'name': 'web', 'resources': limits},
    ]
    found = patches.patched(SET, _set(resources=limits), patches.STRATEGIC)
    both = {'cpu': '2', 'memory': '1Gi'}
    assert found['spec']['template']['spec']['containers'][1]['resources'] == {'limits': both}


@pytest.mark.parametrize(
    'operation',
    [
        {'op': 'test', 'path': '/a', 'value': 2},
        {'op': 'remove', 'path': '/b'},
        {'op': 'replace', 'path': '/l/7', 'value': 1},
        {'op': 'add', 'path': '', 'value': 1},
        {'op': 'add', 'path': '/a/b', 'value': 1},
        {'op': 'move', 'path': '/a', 'from': '/b'},
    ],
)
def test_operations_that_do_not_fit_are_refused(operation: dict[str, Any]) -> None:
    with pytest.raises(patches.CannotPatch):
        patches.patched({'a': 1, 'l': []}, [operation], patches.JSON_PATCH)
