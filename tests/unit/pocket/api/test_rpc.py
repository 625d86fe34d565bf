"""Framing: what clients send, and what they are answered."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from bedrock.errors import Fault
from pocket.api import rpc
from pocket.services.errors import NOT_FOUND, JujuError

PLAIN = {
    'request-id': 7,
    'type': 'Client',
    'version': 6,
    'request': 'FullStatus',
    'params': {'patterns': ['a']},
}

REQUEST = rpc.decode(json.dumps(PLAIN))


@pytest.mark.parametrize(
    'message',
    [
        PLAIN,
        {**PLAIN, 'id': None},
        {
            'Request-Id': 7,
            'Type': 'Client',
            'VERSION': 6,
            'Request': 'FullStatus',
            'Params': {'Patterns': ['a']},
        },
    ],
    ids=['plain', 'nulls', 'other case'],
)
def test_a_request_is_read_whatever_the_case_of_its_fields(message: dict[str, Any]) -> None:
    request = rpc.decode(json.dumps(message))

    assert (request.request_id, request.facade, request.version, request.method) == (
        7,
        'Client',
        6,
        'FullStatus',
    )
    assert request.id == ''
    assert request.params.texts('patterns') == ['a']


def test_the_id_of_a_watcher_is_read_as_python_libjuju_spells_it() -> None:
    request = rpc.decode('{"request-id": 1, "type": "AllWatcher", "request": "Next", "Id": "4"}')

    assert request.id == '4'


def test_params_may_be_absent_or_null() -> None:
    for params in ('', ', "params": null', ', "params": {}'):
        request = rpc.decode(
            '{"request-id": 1, "type": "Pinger", "request": "Ping", "version": 1' + params + '}'
        )
        assert 'anything' not in request.params


@pytest.mark.parametrize(
    'text',
    [
        '',
        'nonsense',
        '[]',
        '{}',
        '{"request-id": 0, "type": "A", "request": "B"}',
        '{"request-id": "x"}',
        '3',
    ],
)
def test_what_is_no_request_is_refused(text: str) -> None:
    with pytest.raises(rpc.BadMessage):
        rpc.decode(text)


def test_a_result_carries_its_number() -> None:
    assert json.loads(rpc.encode(REQUEST, {'deltas': []})) == {'request-id': 7, 'response': {'deltas': []}}


@pytest.mark.parametrize(
    ('error', 'reply'),
    [
        (JujuError('no such thing', NOT_FOUND), {'error': 'no such thing', 'error-code': 'not found'}),
        (JujuError('no'), {'error': 'no'}),
        (Fault('cannot do it'), {'error': 'cannot do it'}),
        (rpc.BadMessage('cannot read'), {'error': 'cannot read', 'error-code': 'bad request'}),
    ],
)
def test_an_error_keeps_its_text_and_code_and_still_has_a_response(
    error: Exception, reply: dict[str, str]
) -> None:
    assert json.loads(rpc.encode_error(REQUEST, error)) == {'request-id': 7, 'response': {}, **reply}


def test_a_bug_is_logged_and_its_insides_are_not_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        reply = json.loads(rpc.encode_error(REQUEST, RuntimeError('password is 123')))

    assert reply['error'] == 'internal error: see the log of pocket'
    assert 'password is 123' in caplog.text


def test_the_oldest_kind_of_request_is_answered_in_kind() -> None:
    request = rpc.decode('{"RequestId": 3, "Type": "Client", "Version": 6, "Request": "FullStatus"}')

    assert (request.request_id, request.facade, request.method) == (3, 'Client', 'FullStatus')
    assert json.loads(rpc.encode(request, {})) == {'RequestId': 3, 'Response': {}}
    refused = json.loads(rpc.encode_error(request, JujuError('no', NOT_FOUND)))
    assert refused == {'RequestId': 3, 'Error': 'no', 'ErrorCode': 'not found', 'Response': {}}


def test_what_an_error_has_to_say_in_fields_is_sent_along() -> None:
    reply = json.loads(
        rpc.encode_error(REQUEST, JujuError('elsewhere', 'redirection required', info={'a': 1}))
    )

    assert reply['error-info'] == {'a': 1}


@pytest.mark.parametrize(
    'text',
    [
        '[' * 100_000,
        '{"request-id": NaN}',
        '{"request-id": 1e400, "type": "A", "request": "B"}',
        b'\xff\xfe{',
    ],
)
def test_what_only_looks_like_json_is_refused(text: str | bytes) -> None:
    with pytest.raises(rpc.BadMessage):
        rpc.decode(text)


def test_half_a_surrogate_pair_becomes_a_mark() -> None:
    request = rpc.decode(
        r'{"request-id": 1, "type": "A", "request": "B", "params": {"a": ["\ud83d", "\ud83d\ude00"]}}'
    )

    assert request.params.texts('a') == ['�', '😀']
