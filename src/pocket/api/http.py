"""What every HTTP endpoint does: see who asks, find the model, answer errors as Juju does."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps

from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import JSONResponse, Response

from pocket.api.facade import Controller
from pocket.api.login import check_password
from pocket.api.rpc import error_object
from pocket.services import models
from pocket.services.errors import (
    BAD_REQUEST,
    MODEL_NOT_FOUND,
    NOT_FOUND,
    NOT_YET_AVAILABLE,
    UNAUTHORIZED,
    JujuError,
)

__all__ = ['STATUS', 'Endpoint', 'answering', 'authenticate', 'controller_of', 'error_response', 'model_of']

Endpoint = Callable[[Request], Awaitable[Response]]

STATUS: Mapping[str, int] = {
    UNAUTHORIZED: 401,
    'macaroon discharge required': 401,
    NOT_FOUND: 404,
    MODEL_NOT_FOUND: 404,
    'user not found': 404,
    BAD_REQUEST: 400,
    'operation is blocked': 400,
    'method not allowed': 405,
    'forbidden': 403,
    'redirection required': 301,
    NOT_YET_AVAILABLE: 409,
    'not leader': 307,
}
"""Juju's error codes as HTTP statuses; any other is 500."""


def controller_of(connection: HTTPConnection) -> Controller:
    """The controller that a request came to."""
    controller: Controller = connection.app.state.controller
    return controller


def authenticate(connection: HTTPConnection) -> str:
    """Return the user that the request's basic authentication names.

    Raises:
        JujuError: it names none, or the password is wrong; code ``unauthorized access``.
    """
    scheme, _, encoded = connection.headers.get('authorization', '').partition(' ')
    if scheme.lower() != 'basic':
        raise JujuError('no credentials provided', UNAUTHORIZED)
    try:
        tag, _, password = base64.b64decode(encoded, validate=True).decode().partition(':')
    except (binascii.Error, UnicodeDecodeError) as err:
        raise JujuError('invalid request format', UNAUTHORIZED) from err
    return check_password(controller_of(connection), tag, password)


def model_of(connection: HTTPConnection) -> str:
    """Return the uuid of the model that the request's path names.

    Raises:
        JujuError: there is no such model.
    """
    uuid = str(connection.path_params['uuid'])
    if uuid not in controller_of(connection).state.read(models.list_uuids):
        raise JujuError(f'unknown model: "{uuid}"', MODEL_NOT_FOUND)
    return uuid


def answering(doing: str = '') -> Callable[[Endpoint], Endpoint]:
    """Have an endpoint asked only by who may, and what it raises answered by `error_response`."""

    def decorate(endpoint: Endpoint) -> Endpoint:
        @wraps(endpoint)
        async def answer(request: Request) -> Response:
            try:
                authenticate(request)
                return await endpoint(request)
            except ClientDisconnect:
                raise
            except Exception as error:  # noqa: BLE001 - error_object logs what is not a refusal
                return error_response(error, doing=doing)

        return answer

    return decorate


def error_response(error: BaseException, *, doing: str = '') -> Response:
    """Return *error* with its status: as an object, or where charms are, as a text.

    Args:
        doing: What the text begins with, for example ``cannot upload charm``; empty: no text, but an object.
    """
    described = error_object(error)
    status = STATUS.get(described['code'], 500)
    headers = {'WWW-Authenticate': 'Basic realm="juju"'} if status == 401 else None
    body = {'error': described}
    if doing:
        body = {'error': f'{doing}: {described["message"]}', 'error-code': described['code']}
    return JSONResponse(body, status_code=status, headers=headers)
