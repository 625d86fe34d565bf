"""Juju's JSON framing, without I/O: text in, `Request` out; results and errors in, text out.

Names of fields match without regard to case and ``null`` means absent, as in Go's encoding/json, which Juju's
own server decodes with. A reply always carries ``response``, and never a null ``error``: python-libjuju takes
both for granted.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from bedrock.errors import Fault
from pocket.api.fields import Fields
from pocket.services.errors import JujuError

__all__ = ['BadMessage', 'Json', 'Request', 'decode', 'encode', 'encode_error', 'error_object']

log = logging.getLogger(__name__)

Json = dict[str, Any]
"""A JSON object on its way out."""


class BadMessage(Fault):
    """A message that is no request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call of a method of a facade."""

    request_id: int
    facade: str
    version: int
    id: str
    """Names the watcher that a watcher facade is called on; else empty."""
    method: str
    params: Fields

    @property
    def name(self) -> str:
        """How logs name it: ``Client(6).FullStatus``."""
        return f'{self.facade}({self.version}).{self.method}'


def decode(text: str | bytes) -> Request:
    """Return the request that a websocket message holds.

    Raises:
        BadMessage: it is not JSON, no object, or lacks its number, facade or method.
    """
    try:
        loaded: object = json.loads(text)
    except ValueError as err:
        raise BadMessage('cannot read message: it is not JSON') from err
    if not isinstance(loaded, dict):
        raise BadMessage('cannot read message: it is not a JSON object')
    try:
        fields = Fields(cast('dict[str, Any]', loaded))
        request = Request(
            request_id=fields.number('request-id'),
            facade=fields.text('type'),
            version=fields.number('version'),
            id=fields.text('id'),
            method=fields.text('request'),
            params=fields.child('params'),
        )
    except JujuError as err:
        raise BadMessage('cannot read message: a field has the wrong type') from err
    if request.request_id < 1 or not request.facade or not request.method:
        raise BadMessage('cannot read message: it needs "request-id", "type" and "request"')
    return request


def encode(request_id: int, response: Mapping[str, Any]) -> str:
    """Return the message that answers *request_id* with a result."""
    return _dump({'request-id': request_id, 'response': response})


def encode_error(request_id: int, error: BaseException) -> str:
    """Return the message that answers *request_id* with an error."""
    described = error_object(error)
    reply: Json = {'request-id': request_id, 'error': described['message']}
    if described['code']:
        reply['error-code'] = described['code']
    return _dump({**reply, 'response': {}})


def error_object(error: BaseException) -> Json:
    """Return Juju's ``{message, code}`` for *error*: as one item of a bulk result, or for a whole reply.

    What is no `Fault` is a bug of ours: it is logged here with its trace and answered without its insides.
    """
    match error:
        case JujuError():
            return {'message': error.message, 'code': error.code}
        case BadMessage():
            return {'message': error.message, 'code': 'bad request'}
        case Fault():
            return {'message': error.message, 'code': ''}
        case _:
            log.error('cannot serve request', exc_info=error)
            return {'message': 'internal error: see the log of pocket', 'code': ''}


def _dump(message: Json) -> str:
    return json.dumps(message, separators=(',', ':'))
