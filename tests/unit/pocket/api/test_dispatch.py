"""From requests to methods."""

from __future__ import annotations

import logging

import pytest

from pocket.api import facades, rpc
from pocket.api.dispatch import NOT_IMPLEMENTED, find_method
from pocket.api.facade import Scope
from pocket.api.fields import Fields
from pocket.api.login import facade_list
from pocket.services.errors import JujuError


def request(facade: str, version: int, method: str) -> rpc.Request:
    return rpc.Request(request_id=1, facade=facade, version=version, id='', method=method, params=Fields({}))


@pytest.mark.parametrize(
    ('wanted', 'text'),
    [
        (request('Nonsense', 1, 'Get'), 'unknown facade type "Nonsense"'),
        (request('Client', 99, 'FullStatus'), 'unknown version 99 of interface "Client"'),
        (
            request('Client', 6, 'Nonsense'),
            r'method Client\(6\).Nonsense is not implemented',
        ),
    ],
)
def test_what_is_missing_is_said_and_logged(
    wanted: rpc.Request, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING), pytest.raises(JujuError, match=text) as caught:
        find_method(facades.ALL, wanted)

    assert caught.value.code == NOT_IMPLEMENTED
    assert wanted.name in caplog.text


@pytest.mark.parametrize('version', [6, 7, 8])
def test_every_version_of_a_facade_has_its_methods(version: int) -> None:
    method = facades.ALL['Client'].methods['FullStatus']

    assert find_method(facades.ALL, request('Client', version, 'FullStatus')) is method


def test_each_kind_of_login_is_told_its_own_facades() -> None:
    on_controller = {entry['name'] for entry in facade_list(Scope.CONTROLLER)}
    on_model = {entry['name'] for entry in facade_list(Scope.MODEL)}

    assert {'Cloud', 'Controller', 'ModelManager', 'UserManager'} <= on_controller - on_model
    assert on_controller & on_model <= {
        'Bundle',
        'HighAvailability',
        'ModelConfig',
        'NotifyWatcher',
        'Pinger',
    }
    assert {'ModelConfig', 'Pinger'} <= on_controller & on_model
    assert {'AllWatcher', 'Application', 'Client'} <= on_model
