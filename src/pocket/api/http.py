"""What the HTTP endpoints share: authentication, and errors as Juju sends them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping

from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, Response

from pocket.api.facade import Controller
from pocket.api.login import check_password
from pocket.api.rpc import error_object
from pocket.services import models
from pocket.services.errors import (
    BAD_REQUEST,
    MODEL_NOT_FOUND,
    NOT_FOUND,
    UNAUTHORIZED,
    JujuError,
)

__all__ = ['STATUS', 'authenticate', 'controller_of', 'error_response', 'model_of']

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
    'not yet available; try again later': 409,
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


def error_response(error: BaseException, *, doing: str) -> Response:
    """Return *error* with its status; *doing* begins the text, as in ``cannot upload charm``."""
    described = error_object(error)
    status = STATUS.get(described['code'], 500)
    headers = {'WWW-Authenticate': 'Basic realm="juju"'} if status == 401 else None
    body = {'error': f'{doing}: {described["message"]}', 'error-code': described['code']}
    return JSONResponse(body, status_code=status, headers=headers)
