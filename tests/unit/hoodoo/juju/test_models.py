"""What a controller says of its models."""

from __future__ import annotations

from typing import Any

import pytest

from hoodoo.juju import login, models


def test_models_are_listed_by_name() -> None:
    answer = {
        'user-models': [
            {'model': {'name': 'web', 'owner-tag': 'user-admin', 'uuid': 'u2'}, 'last-connection': None},
            {'model': {'name': 'db', 'owner-tag': 'user-bob@site', 'uuid': 'u1'}},
        ]
    }
    assert models.decode_list(answer) == (
        models.Listed(name='db', owner='bob@site', uuid='u1'),
        models.Listed(name='web', owner='admin', uuid='u2'),
    )
    assert models.decode_list({}) == ()


@pytest.mark.parametrize('word', ['models', 'results'])
def test_what_is_left_of_a_model(word: str) -> None:
    entry = {
        'life': 'dying',
        'machines': [{'id': '0'}, {'id': '1'}],
        'application-count': 1,
        'unit-count': 2,
        'volumes': [{'id': '3'}],
        'filesystems': [{'id': '0/4'}],
    }
    assert models.decode_status({word: [entry]}) == models.Remains(
        life='dying', machines=('0', '1'), applications=1, units=2, storage=('3', '0/4')
    )


def test_a_model_that_is_not_found_is_gone() -> None:
    error = {'code': 'not found', 'message': 'model not found'}
    assert models.decode_status({'models': [{'error': error}]}) is None


def test_another_error_says_nothing_about_the_model() -> None:
    answer: dict[str, Any] = {'models': [{'error': {'code': 'unauthorized access', 'message': 'no'}}]}
    with pytest.raises(login.RpcFault, match='no'):
        models.decode_status(answer)
