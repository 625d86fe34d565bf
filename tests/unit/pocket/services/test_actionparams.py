from __future__ import annotations

from typing import Any

import pytest

from pocket.services import actionparams
from pocket.services.errors import JujuError

SNAPSHOT: dict[str, Any] = {
    'description': 'Take a snapshot.',
    'parallel': True,
    'params': {
        'outfile': {'type': 'string', 'default': 'abcd'},
        'kind': {'type': 'string', 'enum': ['full', 'small']},
        'names': {'type': 'array', 'items': {'type': 'string'}, 'maxItems': 2},
        'compression': {
            'type': 'object',
            'properties': {
                'kind': {'type': 'string', 'default': 'gzip'},
                'quality': {'type': 'integer', 'minimum': 0, 'maximum': 9, 'default': 5},
                'note': {'type': 'string'},
            },
            'additionalProperties': False,
        },
    },
}


@pytest.mark.parametrize(
    ('given', 'expected'),
    [
        ({}, {'outfile': 'abcd', 'compression': {'kind': 'gzip', 'quality': 5}}),
        (
            {'compression': {'quality': 9}, 'outfile': 'x'},
            {'outfile': 'x', 'compression': {'kind': 'gzip', 'quality': 9}},
        ),
        (
            {'unknown': [1], 'names': ['a']},
            {
                'unknown': [1],
                'names': ['a'],
                'outfile': 'abcd',
                'compression': {'kind': 'gzip', 'quality': 5},
            },
        ),
    ],
)
def test_defaults_fill_what_is_absent_at_any_depth(given: dict[str, Any], expected: dict[str, Any]) -> None:
    assert actionparams.checked(SNAPSHOT, given) == expected


def test_nothing_that_was_given_or_declared_is_changed() -> None:
    given: dict[str, Any] = {'compression': {}}
    found = actionparams.checked(SNAPSHOT, given)
    found['compression']['kind'] = 'other'
    assert given == {'compression': {}}
    assert actionparams.checked(SNAPSHOT, {})['compression']['kind'] == 'gzip'


@pytest.mark.parametrize(
    ('given', 'problem'),
    [
        ({'outfile': 5}, '(root).outfile : must be of type string, given 5'),
        (
            {'compression': {'quality': 'two'}},
            '(root).compression.quality : must be of type integer, given "two"',
        ),
        (
            {'compression': {'quality': 10}},
            '(root).compression.quality : must be less than or equal to 9, given 10',
        ),
        (
            {'compression': {'level': 1}},
            '(root).compression : additional property "level" is not allowed, given {"level":1}',
        ),
        (
            {'kind': 'big'},
            '(root).kind : must match one of the enum values ["full", "small"], given "big"',
        ),
        ({'names': ['a', 2]}, '(root).names.1 : must be of type string, given 2'),
        ({'names': ['a', 'b', 'c']}, '(root).names : array must have at most 2 items, given ["a","b","c"]'),
    ],
)
def test_what_is_wrong_is_named_with_its_place(given: dict[str, Any], problem: str) -> None:
    with pytest.raises(JujuError) as caught:
        actionparams.checked(SNAPSHOT, given)
    assert caught.value.message == f'validation failed: {problem}'


def test_every_problem_is_named() -> None:
    with pytest.raises(JujuError) as caught:
        actionparams.command({})
    assert caught.value.message == (
        'validation failed: (root) : "command" property is missing and required, given {}; '
        '(root) : "timeout" property is missing and required, given {}'
    )


def test_a_schema_that_is_wrong_is_a_refusal_and_no_crash() -> None:
    with pytest.raises(JujuError, match="the action's schema is wrong"):
        actionparams.checked({'params': {'x': {'type': 'text'}}}, {'x': 'y'})
