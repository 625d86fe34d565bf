"""From a request to the method that serves it: access first, then facade, version and method."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from pocket.api import blocking, login, rpc
from pocket.api.facade import Call, Facade, Method, Scope, Session
from pocket.services import blocks, models
from pocket.services.errors import MODEL_NOT_FOUND, NOT_SUPPORTED, UNAUTHORIZED, JujuError

__all__ = ['NOT_IMPLEMENTED', 'Dispatcher', 'find_method']

log = logging.getLogger(__name__)

NOT_IMPLEMENTED = 'not implemented'


class Dispatcher:
    """Serves the requests of one connection."""

    def __init__(self, session: Session, facades: Mapping[str, Facade]) -> None:
        self.session = session
        self._facades = facades

    async def answer(self, text: str | bytes) -> str:
        """Return the message that answers the message *text*; every message is answered."""
        try:
            request = rpc.decode(text)
        except rpc.BadMessage as error:
            return rpc.encode_error(None, error)
        try:
            return rpc.encode(request, await self._serve(request))
        except Exception as error:  # noqa: BLE001 - the reply carries it; error_object logs our own bugs
            log.debug('%s failed: %s', request.name, error)
            return rpc.encode_error(request, error)

    async def _serve(self, request: rpc.Request) -> rpc.Json:
        method = self._method(request)
        self._check_blocks(request)
        call = Call(session=self.session, version=request.version, id=request.id, params=request.params)
        return await method(call)

    def _method(self, request: rpc.Request) -> Method:
        uuid = self.session.model_uuid
        if uuid and not self.session.user and not self._model_exists(uuid):
            raise JujuError(f'unknown model: "{uuid}"', MODEL_NOT_FOUND)
        if request.facade == login.FACADE.name:
            if self.session.user:
                raise JujuError('already logged in')
            return find_method({login.FACADE.name: login.FACADE}, request)
        if not self.session.user:
            raise JujuError('not logged in', UNAUTHORIZED)
        facade = self._facades.get(request.facade)
        kind = Scope.MODEL if uuid else Scope.CONTROLLER
        if facade is not None and facade.scope not in (kind, Scope.BOTH):
            raise JujuError(
                f'facade "{request.facade}" not supported for {kind.value} API connection', NOT_SUPPORTED
            )
        return find_method(self._facades, request)

    def _check_blocks(self, request: rpc.Request) -> None:
        block = blocking.BLOCKED_BY.get((request.facade, request.method))
        if block is not None:
            self.session.controller.state.read(blocks.require_allowed, self.session.model_uuid, block)

    def _model_exists(self, uuid: str) -> bool:
        return uuid in self.session.controller.state.read(models.list_uuids)


def find_method(facades: Mapping[str, Facade], request: rpc.Request) -> Method:
    """Return the method that *request* names.

    Raises:
        JujuError: there is none, which is logged: a client wants something that pocket does not have.
    """
    facade = facades.get(request.facade)
    if facade is None:
        raise _missing(request, f'unknown facade type "{request.facade}"')
    if request.version not in facade.versions:
        raise _missing(request, f'unknown version {request.version} of interface "{request.facade}"')
    method = facade.methods.get(request.method)
    if method is None:
        raise _missing(request, f'no such request - method {request.name} is not implemented')
    return method


def _missing(request: rpc.Request, message: str) -> JujuError:
    log.warning('a client called %s, which pocket does not have', request.name)
    return JujuError(message, NOT_IMPLEMENTED)
