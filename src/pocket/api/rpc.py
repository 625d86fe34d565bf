"""Juju's JSON framing, without I/O: text in, `Request` out; results and errors in, text out.

Names of fields match without regard to case and ``null`` means absent, as in Go's encoding/json, which Juju's
own server decodes with. A reply always carries ``response``, and never a null ``error``: python-libjuju takes
both for granted.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from bedrock.errors import Fault
from pocket.api.fields import Fields
from pocket.services.errors import JujuError

__all__ = ['BadMessage', 'Json', 'Request', 'decode', 'encode', 'encode_error', 'error_object']

log = logging.getLogger(__name__)

_HALF_PAIR = re.compile(r'\\u[dD][89a-fA-F]|[\ud800-\udfff]')
_NAMES = {name: name for name in ('request-id', 'error', 'error-code', 'error-info', 'response')}
_CAMEL_CASE = dict(zip(_NAMES, ('RequestId', 'Error', 'ErrorCode', 'ErrorInfo', 'Response'), strict=True))

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
    camel_case: bool = False
    """It is of the oldest kind, with names like ``RequestId``, and is answered in kind."""

    @property
    def name(self) -> str:
        """How logs name it: ``Client(6).FullStatus``."""
        return f'{self.facade}({self.version}).{self.method}'


def decode(text: str | bytes) -> Request:
    """Return the request that a websocket message holds.

    Raises:
        BadMessage: it is not JSON, no object, or lacks its number, facade or method.
    """
    loaded = _load(text)
    if not isinstance(loaded, dict):
        raise BadMessage('cannot read message: it is not a JSON object')
    try:
        fields = Fields(cast('dict[str, Any]', loaded))
        number = fields.number('request-id')
        request = Request(
            request_id=number or fields.number('RequestId'),
            camel_case=not number,
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


def encode(request: Request, response: Mapping[str, Any]) -> str:
    """Return the message that answers *request* with a result."""
    if request.camel_case:
        return _dump({'RequestId': request.request_id, 'Response': response})
    return _dump({'request-id': request.request_id, 'response': response})


def encode_error(request: Request | None, error: BaseException) -> str:
    """Return the message that answers *request*, or something that was none, with an error."""
    described = error_object(error)
    names = _CAMEL_CASE if request is not None and request.camel_case else _NAMES
    reply: Json = {
        'request-id': 0 if request is None else request.request_id,
        'error': described['message'],
        'error-code': described['code'],
        'error-info': described.get('info'),
        'response': {},
    }
    return _dump({name: reply[key] for key, name in names.items() if reply[key] not in ('', None)})


def error_object(error: BaseException) -> Json:
    """Return Juju's ``{message, code, info?}`` for *error*: of one item of a bulk result, or of a reply.

    What is no `Fault` is a bug of ours: it is logged here with its trace and answered without its insides.
    """
    match error:
        case JujuError():
            described = {'message': error.message, 'code': error.code}
            return {**described, 'info': dict(error.info)} if error.info else described
        case BadMessage():
            return {'message': error.message, 'code': 'bad request'}
        case Fault():
            return {'message': error.message, 'code': ''}
        case _:
            log.error('cannot serve request', exc_info=error)
            return {'message': 'internal error: see the log of pocket', 'code': ''}


def _load(text: str | bytes) -> object:
    try:
        loaded: object = json.loads(text, parse_constant=_no_number)
        # Half a surrogate pair cannot be written anywhere; as in Go, a mark takes its place.
        whole = json.dumps(loaded, ensure_ascii=False) if _HALF_PAIR.search(_readable(text)) else ''
        return (
            json.loads(whole.encode('utf-16', 'surrogatepass').decode('utf-16', 'replace'))
            if whole
            else loaded
        )
    except (ValueError, RecursionError) as err:
        raise BadMessage('cannot read message: it is not JSON') from err


def _readable(text: str | bytes) -> str:
    return text if isinstance(text, str) else text.decode(errors='replace')


def _no_number(word: str) -> object:
    """Refuse what Python takes for a number and JSON does not: NaN and the infinities."""
    raise ValueError(f'{word} is not JSON')


def _dump(message: Json) -> str:
    return json.dumps(message, separators=(',', ':'))
