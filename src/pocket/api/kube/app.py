"""The Kubernetes API of one model: requests in, objects and Status documents out."""

from __future__ import annotations

import asyncio
import datetime
import json
from dataclasses import dataclass, field
from typing import cast

import yaml
from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from pocket.api import podexec
from pocket.api.kube import catalog, patches, places, resources, tables, watching
from pocket.api.kube.objects import Document, Refused
from pocket.api.kube.places import Failure, Place
from pocket.api.kube.writes import Change
from pocket.services.cluster import access, views
from pocket.services.errors import ALREADY_EXISTS, JujuError
from pocket.state import State
from pocket.substrate import Substrate

_METHODS = ['DELETE', 'GET', 'PATCH', 'POST', 'PUT']
_LARGEST = 3 * 2**20
_EXEC = '/api/v1/namespaces/{namespace}/pods/{pod}/exec'
_VERBS = {'DELETE': 'delete', 'GET': 'get', 'PATCH': 'patch', 'POST': 'create', 'PUT': 'update'}


@dataclass(frozen=True, slots=True, kw_only=True)
class KubeApi:
    """The API of the model *model_uuid*."""

    state: State
    model_uuid: str
    secret: bytes = field(repr=False)
    """What tokens are made with."""
    substrate: Substrate | None = None
    """Where pods run; None: nowhere, so no program is started in them."""
    told: watching.Told = field(default_factory=watching.Told, repr=False)

    def application(self) -> Starlette:
        """The ASGI application."""
        return Starlette(
            routes=[
                WebSocketRoute(_EXEC, self._exec),
                Route('/{path:path}', self._handle, methods=_METHODS),
            ]
        )

    async def _exec(self, websocket: WebSocket) -> None:
        """Run a program in a container; who may not is refused before there is a websocket."""
        account = self._account(websocket)
        own = self.state.read(views.namespace, self.model_uuid)
        if account is None or not account.is_allowed or websocket.path_params['namespace'] != own:
            await websocket.close()
            return
        await podexec.answer(
            websocket,
            self.state,
            self.model_uuid,
            substrate=self.substrate,
        )

    def _account(self, connection: HTTPConnection) -> access.Account | None:
        token = connection.headers.get('authorization', '').removeprefix('Bearer ').strip()
        return self.state.read(access.check, self.model_uuid, token, self.secret)

    async def _handle(self, request: Request) -> Response:
        try:
            return await self._answer(request)
        except Failure as err:
            status: Document = {
                'kind': 'Status',
                'apiVersion': 'v1',
                'metadata': {},
                'status': 'Failure',
                'message': str(err),
                'reason': err.reason,
                'code': err.code,
            }
            return JSONResponse(status, status_code=err.code)

    async def _answer(self, request: Request) -> Response:
        path = request.url.path.strip('/')
        account = self._account(request)
        if account is None:
            raise Failure(401, 'Unauthorized')
        if request.method == 'GET' and (found := resources.discovery(path)) is not None:
            return JSONResponse(found)
        place = places.find(path)
        if place is None:
            raise Failure(404, 'the server could not find the requested resource')
        own = self.state.read(views.namespace, self.model_uuid)
        asked = place.name if place.resource.kind == 'Namespace' else place.namespace
        # Listing over all namespaces means the one that there is.
        if not account.is_allowed or asked not in ('', own):
            verb = 'list' if request.method == 'GET' and not place.name else _VERBS[request.method]
            raise Failure(
                403,
                f'{place.describe()} is forbidden: User "{account.name}" cannot {verb} resource'
                f' "{place.resource.plural}" in API group "{place.resource.group}"'
                f' in the namespace "{asked}"',
            )
        if request.method == 'GET':
            return self._read(request, place)
        if _VERBS[request.method] not in place.resource.writing or bool(place.name) is (
            request.method == 'POST'
        ):
            raise Failure(405, 'the server does not allow this method on the requested resource')
        return await self._write(request, place)

    def _read(self, request: Request, place: Place) -> Response:
        resource = place.resource
        is_watch = request.query_params.get('watch') in ('1', 'true')
        if is_watch and not place.name:
            return self._watch(request, place)
        items = self.state.read(catalog.items, self.model_uuid, resource)
        version = catalog.version_of_all(items)
        if place.name:
            items = [item for item in items if item['metadata']['name'] == place.name]
            if not items:
                raise Failure(404, f'{place.describe()} not found')
        else:
            self.told.remember(resource.kind, version, watching.by_name(items))
            items = [item for item in items if catalog.selected(item, request.query_params)]
        if _wants_table(request):
            now = datetime.datetime.now(datetime.UTC)
            return JSONResponse(tables.table(resource, items, now=now, version=version))
        if place.name:
            return JSONResponse(catalog.whole(resource, items[0]))
        listed = {
            'kind': f'{resource.kind}List',
            'apiVersion': resource.api_version,
            'metadata': {'resourceVersion': version},
            'items': items,
        }
        return JSONResponse(listed)

    def _watch(self, request: Request, place: Place) -> Response:
        query, resource = request.query_params, place.resource
        none: watching.Known = {}
        if query.get('sendInitialEvents') == 'true':
            raise Failure(422, 'sendInitialEvents: Forbidden: list first')
        since = query.get('resourceVersion') or '0'
        before = none if since == '0' else self.told.find(resource.kind, since)
        if before is None:
            raise Failure(410, f'too old resource version: {since}: list again')

        def read() -> list[Document]:
            return self.state.read(catalog.items, self.model_uuid, resource)

        def render(item: Document) -> Document:
            if _wants_table(request):
                version = item['metadata']['resourceVersion']
                now = datetime.datetime.now(datetime.UTC)
                return tables.table(resource, [item], now=now, version=version)
            return catalog.whole(resource, item)

        timeout = query.get('timeoutSeconds', '')
        lines = watching.events(
            self.state,
            read,
            self.told,
            kind=resource.kind,
            before=before,
            is_meant=lambda item: catalog.selected(item, query),
            render=render,
            timeout_s=float(timeout) if timeout.isdecimal() else 0.0,
        )
        return StreamingResponse(lines, media_type='application/json')

    async def _write(self, request: Request, place: Place) -> Response:
        sent = await _body(request)
        is_dry = request.query_params.get('dryRun') == 'All'
        change = Change(place=place, method=request.method, sent=sent, media=_media(request), is_dry=is_dry)
        try:
            return await self.state.write(change.carry_out, self.model_uuid)
        except (Refused, patches.CannotPatch) as err:
            name = place.name
            if not name and isinstance(sent, dict):
                metadata: Document = cast('Document', sent).get('metadata') or {}
                name = str(metadata.get('name') or '')
            raise Failure(422, f'{place.resource.kind} "{name}" is invalid: {err}') from err
        except JujuError as err:
            described = f'{place.describe()} ' if place.name else ''
            if err.code == ALREADY_EXISTS:
                raise Failure(409, str(err), reason='AlreadyExists') from err
            raise Failure(404, f'{described}not found') from err


def _wants_table(request: Request) -> bool:
    return 'as=Table' in request.headers.get('accept', '')


def _yaml(text: bytes) -> object:
    loaded: object = yaml.safe_load(text)
    return loaded


def _json(text: bytes) -> object:
    loaded: object = json.loads(text)
    return loaded


def _media(request: Request) -> str:
    return request.headers.get('content-type', '').partition(';')[0].strip()


async def _body(request: Request) -> object:
    chunks, size = list[bytes](), 0
    async for chunk in request.stream():
        chunks.append(chunk)
        size += len(chunk)
        if size > _LARGEST:
            raise Failure(413, 'the request is too large')
    text, media = b''.join(chunks), _media(request)
    if not text:
        return {}
    if 'protobuf' in media:
        raise Failure(415, f'the body of the request was in an unsupported format: {media}')
    try:
        loaded: object = await asyncio.to_thread(_yaml if 'yaml' in media else _json, text)
    except (ValueError, yaml.YAMLError, RecursionError) as err:
        raise Failure(400, 'the body of the request cannot be understood') from err
    if not isinstance(loaded, list if media == patches.JSON_PATCH else dict):
        raise Failure(400, 'the body of the request is not an object')
    return cast('object', loaded)
