"""The Kubernetes API of one model: requests in, objects and Status documents out."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import yaml
from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from pocket.api import podexec
from pocket.api.kube import objects, resources, tables
from pocket.api.kube.objects import Document, Refused
from pocket.api.kube.resources import Resource
from pocket.services.cluster import access, addresses, objectrows, views
from pocket.services.cluster.objectrows import KubeObject
from pocket.services.errors import ALREADY_EXISTS, JujuError
from pocket.state import State, Tx
from pocket.substrate import Substrate

_METHODS = ['DELETE', 'GET', 'PATCH', 'POST', 'PUT']
_LARGEST = 3 * 2**20
_EXEC = '/api/v1/namespaces/{namespace}/pods/{pod}/exec'
_REASONS = {
    400: 'BadRequest',
    401: 'Unauthorized',
    403: 'Forbidden',
    404: 'NotFound',
    405: 'MethodNotAllowed',
    413: 'RequestEntityTooLarge',
    415: 'UnsupportedMediaType',
    422: 'Invalid',
}
_VERBS = {'DELETE': 'delete', 'GET': 'get', 'PATCH': 'patch', 'POST': 'create', 'PUT': 'update'}


class _Failure(Exception):
    """What a request is answered with instead of an object."""

    def __init__(self, code: int, message: str, *, reason: str = '') -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason or _REASONS[code]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """What a path names."""

    resource: Resource
    namespace: str
    name: str

    def describe(self) -> str:
        group = f'.{self.resource.group}' if self.resource.group else ''
        return f'{self.resource.plural}{group}' + (f' "{self.name}"' if self.name else '')


@dataclass(frozen=True, slots=True, kw_only=True)
class KubeApi:
    """The API of the model *model_uuid*."""

    state: State
    model_uuid: str
    secret: bytes = field(repr=False)
    """What tokens are made with."""
    substrate: Substrate | None = None
    """Where pods run; None: nowhere, so no program is started in them."""

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
        except _Failure as err:
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
            raise _Failure(401, 'Unauthorized')
        if request.method == 'GET' and (found := resources.discovery(path)) is not None:
            return JSONResponse(found)
        place = _place(path)
        if place is None:
            raise _Failure(404, 'the server could not find the requested resource')
        own = self.state.read(views.namespace, self.model_uuid)
        asked = place.name if place.resource.kind == 'Namespace' else place.namespace
        # Listing over all namespaces means the one that there is.
        if not account.is_allowed or asked not in ('', own):
            verb = 'list' if request.method == 'GET' and not place.name else _VERBS[request.method]
            raise _Failure(
                403,
                f'{place.describe()} is forbidden: User "{account.name}" cannot {verb} resource'
                f' "{place.resource.plural}" in API group "{place.resource.group}"'
                f' in the namespace "{asked}"',
            )
        if request.query_params.get('watch') in ('1', 'true'):
            raise _Failure(405, 'watching is not supported: list again')
        if request.method == 'GET':
            return self._read(request, place)
        if not place.resource.is_kept or (request.method != 'POST' and not place.name):
            raise _Failure(405, 'the server does not allow this method on the requested resource')
        return await self._write(request, place)

    def _read(self, request: Request, place: _Place) -> Response:
        resource = place.resource
        items = self.state.read(_items, self.model_uuid, resource)
        if place.name:
            items = [item for item in items if item['metadata']['name'] == place.name]
            if not items:
                raise _Failure(404, f'{place.describe()} not found')
        else:
            items = [item for item in items if _selected(item, request.query_params)]
        if 'as=Table' in request.headers.get('accept', ''):
            return JSONResponse(tables.table(resource, items, now=datetime.datetime.now(datetime.UTC)))
        if place.name:
            return JSONResponse(_whole(resource, items[0]))
        listed = {
            'kind': f'{resource.kind}List',
            'apiVersion': resource.api_version,
            'metadata': {'resourceVersion': ''},
            'items': items,
        }
        return JSONResponse(listed)

    async def _write(self, request: Request, place: _Place) -> Response:
        sent = await _body(request)
        is_dry = request.query_params.get('dryRun') == 'All'
        change = _Change(place=place, method=request.method, sent=sent, media=_media(request), is_dry=is_dry)
        try:
            return await self.state.write(change.carry_out, self.model_uuid)
        except Refused as err:
            name = place.name or str(cast('Document', sent.get('metadata') or {}).get('name') or '')
            raise _Failure(422, f'{place.resource.kind} "{name}" is invalid: {err}') from err
        except JujuError as err:
            described = f'{place.describe()} ' if place.name else ''
            if err.code == ALREADY_EXISTS:
                raise _Failure(409, str(err), reason='AlreadyExists') from err
            raise _Failure(404, f'{described}not found') from err


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """One request that writes; carried out in one transaction."""

    place: _Place
    method: str
    sent: Document
    media: str
    is_dry: bool

    def carry_out(self, tx: Tx, uuid: str) -> Response:
        if self.method == 'POST':
            return self._create(tx, uuid)
        if self.method == 'DELETE':
            return self._delete(tx, uuid)
        return self._replace(tx, uuid)

    def _create(self, tx: Tx, uuid: str) -> Response:
        metadata = cast('Document', self.sent.get('metadata') or {})
        name = str(metadata.get('name') or '')
        if not name and metadata.get('generateName'):
            name = f'{metadata["generateName"]}{secrets.token_hex(3)[:5]}'
        objects.check_name(name)
        document = objects.kept(self.place.resource, self.sent)
        kind = self.place.resource.kind
        if any(one.name == name for one in objectrows.list_(tx, uuid, kind)):
            described = _Place(resource=self.place.resource, namespace='', name=name).describe()
            raise _Failure(409, f'{described} already exists', reason='AlreadyExists')
        if self.is_dry:
            return self._shown(tx, uuid, _unkept(tx, kind, name, document), status=201)
        return self._shown(tx, uuid, objectrows.create(tx, uuid, kind, name, document), status=201)

    def _replace(self, tx: Tx, uuid: str) -> Response:
        kind, name = self.place.resource.kind, self.place.name
        if self.media == 'application/apply-patch+yaml' and not any(
            one.name == name for one in objectrows.list_(tx, uuid, kind)
        ):
            metadata = {**cast('Document', self.sent.get('metadata') or {}), 'name': name}
            whole = dataclasses.replace(self, sent={**self.sent, 'metadata': metadata})
            return whole._create(tx, uuid)
        found = objectrows.get(tx, uuid, kind, name)
        version = cast('Document', self.sent.get('metadata') or {}).get('resourceVersion')
        if version and str(version) != str(found.version):
            raise _Failure(
                409,
                f'Operation cannot be fulfilled on {self.place.describe()}: the object has been modified;'
                ' please apply your changes to the latest version and try again',
                reason='Conflict',
            )
        current = dict(found.document)
        if self.method == 'PUT':
            wanted = self.sent
        elif self.media == 'application/apply-patch+yaml':
            wanted = objects.applied(current, self.sent)
        else:
            wanted = objects.merged(current, self.sent)
        document = objects.kept(self.place.resource, wanted)
        if self.is_dry:
            return self._shown(tx, uuid, _unkept(tx, kind, name, document))
        return self._shown(tx, uuid, objectrows.replace(tx, uuid, kind, name, document))

    def _delete(self, tx: Tx, uuid: str) -> Response:
        kind, name = self.place.resource.kind, self.place.name
        found = objectrows.get(tx, uuid, kind, name)
        wanted = cast('Document', self.sent.get('preconditions') or {}).get('uid')
        if wanted and wanted != found.uid:
            raise _Failure(409, f'the UID in the precondition ({wanted}) does not match', reason='Conflict')
        if not self.is_dry:
            objectrows.delete(tx, uuid, kind, name)
        details = {'name': name, 'group': self.place.resource.group, 'kind': self.place.resource.plural}
        details['uid'] = found.uid
        status: Document = {'kind': 'Status', 'apiVersion': 'v1', 'metadata': {}, 'status': 'Success'}
        return JSONResponse({**status, 'details': details})

    def _shown(self, tx: Tx, uuid: str, found: KubeObject, *, status: int = 200) -> Response:
        item = _item(found, views.namespace(tx, uuid), addresses.gateway(tx, uuid))
        return JSONResponse(_whole(self.place.resource, item), status_code=status)


def _unkept(tx: Tx, kind: str, name: str, document: Document) -> KubeObject:
    return KubeObject(kind=kind, name=name, uid='', version=0, document=document, created_ms=tx.now_ms)


def _items(tx: Tx, uuid: str, resource: Resource) -> list[Document]:
    if resource.kind == 'Namespace':
        return views.namespaces(tx, uuid)
    if resource.kind == 'Pod':
        return views.pods(tx, uuid)
    if resource.kind == 'Service':
        return views.services(tx, uuid)
    space, gateway = views.namespace(tx, uuid), addresses.gateway(tx, uuid)
    return [_item(found, space, gateway) for found in objectrows.list_(tx, uuid, resource.kind)]


def _item(found: KubeObject, namespace: str, gateway: str) -> Document:
    metadata = {
        **cast('Document', found.document.get('metadata') or {}),
        'name': found.name,
        'namespace': namespace,
        'uid': found.uid,
        'resourceVersion': str(found.version),
        'creationTimestamp': views.timestamp(found.created_ms),
    }
    item: Document = {**found.document, 'metadata': metadata}
    if found.kind == 'Ingress':
        item['status'] = {'loadBalancer': {'ingress': [{'ip': gateway}]} if gateway else {}}
    return item


def _whole(resource: Resource, item: Document) -> Document:
    return {'kind': resource.kind, 'apiVersion': resource.api_version, **item}


def _selected(item: Document, query: Mapping[str, str]) -> bool:
    labels = cast('Mapping[str, str]', item['metadata'].get('labels') or {})
    fields = {
        'metadata.name': item['metadata']['name'],
        'metadata.namespace': item['metadata'].get('namespace'),
    }
    return _meets(labels, query.get('labelSelector', '')) and _meets(fields, query.get('fieldSelector', ''))


def _meets(have: Mapping[str, Any], selector: str) -> bool:
    for term in filter(None, selector.split(',')):
        key, sign, value = term.partition('!=') if '!=' in term else term.replace('==', '=').partition('=')
        if sign == '!=' and have.get(key) == value:
            return False
        if sign == '=' and have.get(key) != value:
            return False
        if not sign and key not in have:
            return False
    return True


def _yaml(text: bytes) -> object:
    loaded: object = yaml.safe_load(text)
    return loaded


def _json(text: bytes) -> object:
    loaded: object = json.loads(text)
    return loaded


def _place(path: str) -> _Place | None:
    words = path.split('/')
    if words[:2] == ['api', 'v1']:
        group, rest = '', words[2:]
    elif words[0] == 'apis' and words[2:3] == ['v1']:
        group, rest = words[1], words[3:]
    else:
        return None
    namespace = ''
    if rest[:1] == ['namespaces'] and len(rest) > 2:
        namespace, rest = rest[1], rest[2:]
    resource = resources.find(group, rest[0]) if rest else None
    if resource is None or len(rest) > 2 or resource.is_namespaced < bool(namespace):
        return None
    name = rest[1] if len(rest) == 2 else ''
    if name and resource.is_namespaced and not namespace:
        return None
    return _Place(resource=resource, namespace=namespace, name=name)


def _media(request: Request) -> str:
    return request.headers.get('content-type', '').partition(';')[0].strip()


async def _body(request: Request) -> Document:
    chunks, size = list[bytes](), 0
    async for chunk in request.stream():
        chunks.append(chunk)
        size += len(chunk)
        if size > _LARGEST:
            raise _Failure(413, 'the request is too large')
    text, media = b''.join(chunks), _media(request)
    if not text:
        return {}
    if media == 'application/json-patch+json' or 'protobuf' in media:
        raise _Failure(415, f'the body of the request was in an unsupported format: {media}')
    try:
        loaded: object = await asyncio.to_thread(_yaml if 'yaml' in media else _json, text)
    except (ValueError, yaml.YAMLError, RecursionError) as err:
        raise _Failure(400, 'the body of the request cannot be understood') from err
    if not isinstance(loaded, dict):
        raise _Failure(400, 'the body of the request is not an object')
    return cast('Document', loaded)
