"""What controllers answer to a login, in Juju's words, and what is made of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hoodoo.juju import clientfiles, login

NO_MACAROON: dict[str, Any] = {
    'discharge-required': {'identifier': 'x', 'location': 'identity', 'signature': '00'},
    'bakery-discharge-required': {'m': {}, 'v': 3},
    'discharge-required-error': 'verification failed: no macaroons',
}


def _controller(*, user: str = 'bob', password: str = 's3same') -> clientfiles.Controller:
    return clientfiles.Controller(
        name='prod', endpoints=('10.0.0.1:17070',), ca='', cloud='aws', user=user, password=password
    )


@pytest.mark.parametrize(
    ('password', 'code', 'message', 'said', 'hint'),
    [
        (
            's3same',
            'unauthorized access',
            'invalid entity name or password',
            'cannot log in to controller "prod" as bob: invalid entity name or password',
            'juju login -c prod',
        ),
        ('', 'unauthorized access', 'invalid entity name or password', 'without a password', 'accounts.yaml'),
        ('s3same', 'redirection required', 'redirection required', 'not on controller "prod"', 'migrated'),
        ('s3same', 'model not found', 'unknown model: "u"', 'unknown model: "u"', 'destroyed'),
    ],
)
def test_a_refusal_says_what_to_do(password: str, code: str, message: str, said: str, hint: str) -> None:
    fault = login.refused(_controller(password=password), login.RpcFault(message, code=code))
    assert said in fault.message
    assert hint in fault.hint
    assert fault.code == code
    assert 's3same' not in fault.message + fault.hint


def test_a_controller_that_is_upgraded_is_waited_for() -> None:
    busy = login.RpcFault('upgrade in progress', code='upgrade in progress')
    assert login.refused(_controller(), busy) is busy
    assert busy.transient


def test_a_wanted_macaroon_is_no_welcome() -> None:
    with pytest.raises(login.RpcFault, match='as bob without a password') as refusal:
        login.check(_controller(password=''), NO_MACAROON)
    assert 'change-user-password' in refusal.value.hint
    login.check(_controller(), {'server-version': '3.6.9', 'facades': []})


def test_who_has_never_logged_in_is_told_so() -> None:
    refused = login.refused(
        _controller(user='', password=''), login.RpcFault('no', code='unauthorized access')
    )
    assert refused.message == 'cannot log in to controller "prod": no account is known'
    assert refused.hint == 'Run "juju login -c prod".'


def test_a_user_is_needed() -> None:
    with pytest.raises(login.RpcFault, match='names no user'):
        login.request(_controller(user=''))
    assert login.request(_controller())['auth-tag'] == 'user-bob'


def test_the_files_of_the_client_are_read_as_it_writes_them(tmp_path: Path) -> None:
    entry = {
        'uuid': 'c',
        'api-endpoints': ['10.0.0.1:17070', '[fd00::1]:17070', 'juju.example:443/controller'],
        'public-hostname': 'juju.example',
        'ca-cert': 'PEM',
        'cloud': 'aws',
    }
    (tmp_path / 'controllers.yaml').write_text(json.dumps({'controllers': {'prod': entry}}))
    account = {'user': 'admin@local', 'last-known-access': 'superuser'}
    (tmp_path / 'accounts.yaml').write_text(json.dumps({'controllers': {'prod': account}}))
    found = clientfiles.find(tmp_path, 'prod')
    assert found is not None
    assert (found.user, found.password) == ('admin', '')
    assert (found.ca, found.hostname) == ('PEM', 'juju.example')
    assert found.endpoints[1] == '[fd00::1]:17070'
