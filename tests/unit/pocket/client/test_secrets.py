from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .conftest import Client, FakeController

MODEL_UUID = '0a2e3f96-9521-43c4-9bcf-ae7a5415477f'
ID = '9m4e2mr0ui3e8a215n4g'
URI = f'secret:{ID}'
CREATED = '2026-11-22T09:20:00.123Z'
OPERATORS = {
    'uri': URI,
    'version': 1,
    'owner-tag': f'model-{MODEL_UUID}',
    'rotate-policy': 'never',
    'description': 'why',
    'label': 'token',
    'latest-revision': 2,
    'latest-revision-checksum': 'c0ffee',
    'create-time': CREATED,
    'update-time': CREATED,
    'revisions': [
        {'revision': 2, 'backend-name': 'internal', 'create-time': CREATED, 'update-time': CREATED}
    ],
    'access': [{'target-tag': 'application-web', 'scope-tag': f'model-{MODEL_UUID}', 'role': 'view'}],
}
CHARMS = {
    **OPERATORS,
    'uri': f'secret:{ID[::-1]}',
    'owner-tag': 'unit-web-0',
    'rotate-policy': 'daily',
    'next-rotate-time': CREATED,
    'latest-expire-time': CREATED,
    'label': 'door',
    'access': [],
}


def _encoded(**words: str) -> dict[str, str]:
    return {key: base64.b64encode(word.encode()).decode() for key, word in words.items()}


@pytest.fixture
def listed(controller: FakeController) -> FakeController:
    """A controller with a secret of the operator and one of a unit."""

    def answer(params: dict[str, Any]) -> dict[str, Any]:
        wanted = params['filter']
        found = [
            secret
            for secret in (OPERATORS, CHARMS)
            if wanted.get('label') in (None, secret['label']) and wanted.get('uri') in (None, secret['uri'])
        ]
        if params['show-secrets']:
            found = [{**secret, 'value': {'data': _encoded(word='one')}} for secret in found]
        return {'results': found}

    controller.answers['Secrets.ListSecrets'] = answer
    return controller


def test_secrets_are_listed_without_their_content(client: Client, listed: FakeController) -> None:
    table = client.run('secrets').out.splitlines()
    assert [line.split()[:5] for line in table] == [
        ['ID', 'Name', 'Owner', 'Rotation', 'Revision'],
        [ID, 'token', '<model>', 'never', '2'],
        [ID[::-1], 'door', 'web/0', 'daily', '2'],
    ]
    found = json.loads(client.run('secrets', '--format', 'json').out)
    assert found[ID] == {
        'revision': 2,
        'checksum': 'c0ffee',
        'rotation': 'never',
        'owner': '<model>',
        'description': 'why',
        'name': 'token',
        'created': CREATED,
        'updated': CREATED,
        'access': [{'target': 'application-web', 'scope': f'model-{MODEL_UUID}', 'role': 'view'}],
    }
    charms = found[ID[::-1]]
    assert (charms['label'], charms['rotates'], charms['expires']) == ('door', CREATED, CREATED)
    assert listed.asked('Secrets.ListSecrets')[0] == {'show-secrets': False, 'filter': {}}


@pytest.mark.parametrize(
    ('owner', 'tag'),
    [
        ('web', 'application-web'),
        ('web/0', 'unit-web-0'),
        ('unit-web-0', 'unit-web-0'),
        ('<model>', f'model-{MODEL_UUID}'),
        (MODEL_UUID, f'model-{MODEL_UUID}'),
    ],
)
def test_secrets_of_one_owner(client: Client, listed: FakeController, owner: str, tag: str) -> None:
    assert client.run('secrets', '--owner', owner).code == 0
    assert listed.asked('Secrets.ListSecrets')[0]['filter'] == {'owner-tag': tag}


def test_no_secrets_are_an_empty_document(client: Client, controller: FakeController) -> None:
    controller.answers['Secrets.ListSecrets'] = lambda _: {'results': None}
    assert client.run('secrets').out == ''
    assert client.run('secrets', '--format', 'json').out == '{}\n'


def test_a_secret_is_shown_and_revealed_on_demand(client: Client, listed: FakeController) -> None:
    shown = json.loads(client.run('show-secret', 'token', '--format', 'json').out)[ID]
    assert not {'content', 'revisions'} & shown.keys()
    shown = json.loads(client.run('show-secret', URI, '--reveal', '--revisions', '--format', 'json').out)[ID]
    assert shown['content'] == {'Data': {'word': 'one'}}
    assert shown['revisions'] == [
        {'revision': 2, 'backend': 'internal', 'created': CREATED, 'updated': CREATED}
    ]
    assert '  content:\n    word: one\n' in client.run('show-secret', ID, '--reveal', '-r', '2').out
    assert [params['filter'] for params in listed.asked('Secrets.ListSecrets')] == [
        {'label': 'token', 'owner-tag': f'model-{MODEL_UUID}'},
        {'uri': URI},
        {'uri': URI, 'revision': 2},
    ]
    missing = client.run('show-secret', 'nothing')
    assert (missing.code, missing.err) == (1, 'ERROR secret "nothing" not found\n')


def test_a_secret_is_added_from_words_and_files(
    client: Client, controller: FakeController, tmp_path: Path
) -> None:
    controller.answers['Secrets.CreateSecrets'] = lambda _: {'results': [{'result': URI}]}
    document, raw = tmp_path / 'd.yaml', tmp_path / 'raw'
    document.write_text('from-file: 007\n')
    raw.write_text('raw\n')
    done = client.run(
        'add-secret', 'token', 'word=a=b', f'raw#file={raw}', 'pin#base64=b25l',
        '--file', str(document), '--info', 'why',
    )  # fmt: skip
    assert (done.code, done.out) == (0, f'{URI}\n')
    (secret,) = controller.asked('Secrets.CreateSecrets')[0]['args']
    assert (secret['owner-tag'], secret['label'], secret['description']) == (
        f'model-{MODEL_UUID}',
        'token',
        'why',
    )
    assert secret['content']['data'] == _encoded(
        **{'word': 'a=b', 'raw': 'raw\n', 'pin': 'one', 'from-file': '007'}
    )


@pytest.mark.parametrize(
    ('line', 'method', 'params'),
    [
        (
            'update-secret token word=two --name new --info why --auto-prune',
            'UpdateSecrets',
            {'existing-label': 'token', 'label': 'new', 'description': 'why', 'auto-prune': True},
        ),
        (f'update-secret {ID} --auto-prune=false', 'UpdateSecrets', {'uri': URI, 'auto-prune': False}),
        ('remove-secret token', 'RemoveSecrets', {'label': 'token'}),
        (f'remove-secret {URI} --revision 4', 'RemoveSecrets', {'uri': URI, 'revisions': [4]}),
        ('grant-secret token a,b', 'GrantSecret', {'label': 'token', 'applications': ['a', 'b']}),
        (f'revoke-secret {ID} a', 'RevokeSecret', {'uri': URI, 'applications': ['a']}),
    ],
)
def test_a_secret_is_changed(
    client: Client, controller: FakeController, line: str, method: str, params: dict[str, Any]
) -> None:
    controller.answers[f'Secrets.{method}'] = lambda _: {'results': [{}]}
    done = client.run(*line.split())
    assert (done.code, done.out, done.err) == (0, '', '')
    (asked,) = controller.asked(f'Secrets.{method}')
    (sent,) = asked.get('args') or [asked]
    sent.pop('content', None)
    assert sent == params


@pytest.mark.parametrize(
    ('line', 'error'),
    [
        ('add-secret', 'missing secret name'),
        ('add-secret token', 'missing secret value or filename'),
        ('add-secret token word', 'key value "word" not valid'),
        ('add-secret token No=a', 'key "No" not valid'),
        ('update-secret', 'missing secret URI'),
        ('remove-secret', 'missing secret URI'),
        ('remove-secret x --revision 0', 'revision must be a positive integer'),
        ('show-secret', 'missing secret URI'),
        ('show-secret x --revision 1 --revisions', 'specify either --revisions or --revision but not both'),
        ('grant-secret token', 'missing secret URI or application name'),
    ],
)
def test_wrong_usage_asks_nothing(client: Client, controller: FakeController, line: str, error: str) -> None:
    done = client.run(*line.split())
    assert (done.code, done.err) == (2, f'ERROR {error}\n')
    assert not controller.calls


def test_what_the_controller_refuses_is_told_for_each_application(
    client: Client, controller: FakeController
) -> None:
    refused = {'error': {'message': 'application "b" not found', 'code': 'not found'}}
    controller.answers['Secrets.GrantSecret'] = lambda _: {'results': [{}, refused]}
    done = client.run('grant-secret', 'token', 'a,b')
    assert (done.code, done.err) == (1, 'ERROR application "b" not found\n')
