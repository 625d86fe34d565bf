from __future__ import annotations

import pytest
import yaml

from bedrock import yamltext


@pytest.mark.parametrize(
    ('value', 'text'),
    [
        ({'b': 1, 'a': [1, 'x']}, 'b: 1\na:\n- 1\n- x\n'),
        ({'sources': 'Types: deb\nURIs: x\n'}, 'sources: |\n  Types: deb\n  URIs: x\n'),
        ('word', 'word\n'),
        ({}, '{}\n'),
    ],
)
def test_yaml_is_in_blocks(value: object, text: str) -> None:
    assert yamltext.dump(value) == text


def test_keys_are_texts_and_values_are_what_they_look_like() -> None:
    text = 'on: yes\n0: 1\n~: ~\nbase: &b {no: no}\nmore: {<<: *b, 1.0: x}\n---\n- off\n'
    first = {'on': True, '0': 1, '~': None, 'base': {'no': False}, 'more': {'no': False, '1.0': 'x'}}
    assert yamltext.load_all(text) == [first, [False]]
    assert yamltext.load('yes: {on: 1}') == {'yes': {'on': 1}}


@pytest.mark.parametrize('value', ['a\n', 'a \nb', '\n', ' a\nb', 'a: b', 'ä\tö', 'true', '12'])
def test_what_is_written_reads_back(value: str) -> None:
    assert yaml.safe_load(yamltext.dump({'key': value})) == {'key': value}
