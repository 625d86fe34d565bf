from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from pocket.services.errors import JujuError
from pocket.state import State

Call = Callable[..., Awaitable[Any]]


def _data(word: str) -> dict[str, Any]:
    return {'data': {'word': base64.b64encode(word.encode()).decode()}}


async def test_the_operators_secrets_are_added_changed_shared_shown_and_removed(
    on_model: Call, on_controller: Call, deploy: Callable[..., Awaitable[Any]], model: str
) -> None:
    await deploy('tester')
    # python-libjuju leaves out the owner and sends nulls; the program of Juju names the owner.
    made = await on_model(
        'Secrets',
        2,
        'CreateSecrets',
        args=[
            {'label': 'token', 'description': '', 'content': _data('one'), 'uri': None},
            {'label': 'other', 'owner-tag': f'model-{model}', 'content': _data('one')},
            {'label': 'token', 'content': _data('one')},
            {'label': 'empty', 'content': {}},
            {'label': 'foreign', 'owner-tag': 'application-tester', 'content': _data('one')},
        ],
    )
    results = made['results']
    uri = results[0]['result']
    assert uri.startswith('secret:')
    assert [result.get('error', {}).get('message') for result in results] == [
        None,
        None,
        'secret with name "token" already exists',
        'empty secret value not valid',
        'owner tag "application-tester" not valid',
    ]
    await on_model(
        'Secrets', 2, 'UpdateSecrets', args=[{'uri': uri, 'content': _data('two'), 'description': 'why'}]
    )
    granted = await on_model('Secrets', 2, 'GrantSecret', label='token', applications=['tester', 'nobody'])
    assert [result.get('error', {}).get('code') for result in granted['results']] == [None, 'not found']

    listed = await on_model('Secrets', 2, 'ListSecrets', **{'show-secrets': True, 'filter': {'uri': uri}})
    (shown,) = listed['results']
    assert shown['value'] == _data('two')
    assert [revision['revision'] for revision in shown['revisions']] == [1, 2]
    assert {
        key: shown[key]
        for key in ('uri', 'owner-tag', 'label', 'description', 'latest-revision', 'rotate-policy', 'access')
    } == {
        'uri': uri,
        'owner-tag': f'model-{model}',
        'label': 'token',
        'description': 'why',
        'latest-revision': 2,
        'rotate-policy': 'never',
        'access': [{'target-tag': 'application-tester', 'scope-tag': f'model-{model}', 'role': 'view'}],
    }
    first = await on_model(
        'Secrets', 2, 'ListSecrets', **{'show-secrets': True, 'filter': {'uri': uri, 'revision': 1}}
    )
    assert first['results'][0]['value'] == _data('one')
    hidden = await on_model('Secrets', 2, 'ListSecrets', filter=None)
    assert len(hidden['results']) == 2
    assert not any('value' in result for result in hidden['results'])
    with pytest.raises(JujuError, match='secret "9m4e2mr0ui3e8a215n4g" not found'):
        await on_model('Secrets', 2, 'ListSecrets', filter={'uri': 'secret:9m4e2mr0ui3e8a215n4g'})

    info = await on_controller('ModelManager', 9, 'ModelInfo', entities=[{'tag': f'model-{model}'}])
    (backend,) = info['results'][0]['result']['secret-backends']
    assert (backend['result']['name'], backend['num-secrets'], backend['status']) == ('internal', 2, 'active')

    revoked = await on_model('Secrets', 2, 'RevokeSecret', uri=uri, applications=['tester'])
    assert revoked == {'results': [{}]}
    removed = await on_model(
        'Secrets', 2, 'RemoveSecrets', args=[{'uri': uri, 'revisions': [1]}, {'label': 'other'}, {}]
    )
    assert [result.get('error', {}).get('code') for result in removed['results']] == [
        None,
        None,
        'bad request',
    ]
    left = await on_model('Secrets', 2, 'ListSecrets', filter={'owner-tag': f'model-{model}'})
    assert [[r['revision'] for r in result['revisions']] for result in left['results']] == [[2]]


async def test_the_database_is_for_its_owner_only(on_model: Call, state: State, tmp_path: Any) -> None:
    await on_model('Secrets', 2, 'CreateSecrets', args=[{'label': 'token', 'content': _data('one')}])
    files = sorted((tmp_path / 'home').glob('state.db*'))
    assert files
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
