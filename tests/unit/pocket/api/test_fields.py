"""Reading what clients send."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pocket.api.fields import Fields, untag
from pocket.services.errors import BAD_REQUEST, JujuError


def test_names_of_fields_match_in_any_case_and_keys_of_maps_keep_theirs() -> None:
    fields = Fields({'ConfigYAML': 'x', 'config': {'MyOption': '1'}})

    assert fields.text('configyaml') == 'x'
    assert fields.map('Config') == {'MyOption': '1'}


def test_null_is_absent() -> None:
    fields = Fields({'name': None, 'count': None, 'force': None, 'units': None, 'inner': None})

    assert 'name' not in fields
    assert (fields.text('name', 'd'), fields.number('count', 3), fields.flag('force')) == ('d', 3, False)
    assert (fields.texts('units'), fields.map('inner'), fields.children('inner')) == ([], {}, [])


READERS: list[tuple[Callable[[Fields], object], Any]] = [
    (lambda fields: fields.text('x'), 3),
    (lambda fields: fields.number('x'), 'three'),
    (lambda fields: fields.number('x'), True),
    (lambda fields: fields.flag('x'), 'yes'),
    (lambda fields: fields.child('x'), []),
    (lambda fields: fields.children('x'), ['a']),
    (lambda fields: fields.texts('x'), [1]),
    (lambda fields: fields.text_map('x'), {'a': 1}),
]


@pytest.mark.parametrize(('read', 'value'), READERS)
def test_another_type_is_a_bad_request_that_names_the_field(
    read: Callable[[Fields], object], value: Any
) -> None:
    with pytest.raises(JujuError, match='"x"') as caught:
        read(Fields({'x': value}))

    assert caught.value.code == BAD_REQUEST


@pytest.mark.parametrize(
    ('kind', 'tag', 'name'),
    [
        ('unit', 'unit-app-0', 'app/0'),
        ('unit', 'unit-my-app-12', 'my-app/12'),
        ('application', 'application-my-app', 'my-app'),
        ('machine', 'machine-0', '0'),
        ('machine', 'machine-0-lxd-1', '0/lxd/1'),
        ('model', 'model-5a', '5a'),
    ],
)
def test_a_tag_is_the_name_of_an_entity(kind: str, tag: str, name: str) -> None:
    assert untag(kind, tag) == name


@pytest.mark.parametrize(
    ('kind', 'tag'),
    [('unit', 'unit-app'), ('unit', 'application-a'), ('unit', ''), ('model', 'model-'), ('unit', 'unit--0')],
)
def test_another_tag_is_a_bad_request(kind: str, tag: str) -> None:
    with pytest.raises(JujuError, match='not a valid') as caught:
        untag(kind, tag)

    assert caught.value.code == BAD_REQUEST
