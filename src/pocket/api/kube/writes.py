"""Requests that write, each carried out in one transaction."""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from starlette.responses import JSONResponse, Response

from pocket.api.kube import catalog, objects, patches, workloads
from pocket.api.kube.objects import Document
from pocket.api.kube.places import Failure, Place
from pocket.services.cluster import objectrows, services, templates, views
from pocket.services.cluster.objectrows import KubeObject
from pocket.state import Tx

_KEPT: Mapping[str, Callable[[Document], Document]] = {
    'ConfigMap': workloads.config_map,
    'Endpoints': workloads.endpoints,
    'Ingress': objects.ingress,
    'Lease': workloads.lease,
    'Secret': objects.secret,
    'Service': workloads.service,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One request that writes."""

    place: Place
    method: str
    sent: object
    """The body: a list of operations for a patch of that kind, else an object."""
    media: str
    is_dry: bool

    def carry_out(self, tx: Tx, uuid: str) -> Response:
        """Do what is asked for, and return the answer.

        Raises:
            Failure, Refused, CannotPatch: it cannot be. JujuError: there is no such object, or there is one.
        """
        if self.method == 'POST':
            return self._create(tx, uuid)
        if self.method == 'DELETE':
            return self._delete(tx, uuid)
        return self._replace(tx, uuid)

    @property
    def _document(self) -> Document:
        sent: object = self.sent
        return cast('Document', sent) if isinstance(sent, dict) else {}

    def _create(self, tx: Tx, uuid: str) -> Response:
        metadata = objects.mapping(self._document.get('metadata'), 'metadata')
        name = str(metadata.get('name') or '')
        if not name and metadata.get('generateName'):
            name = f'{metadata["generateName"]}{secrets.token_hex(3)[:5]}'
        objects.check_name(name)
        resource = self.place.resource
        document = objects.kept(self._document, _KEPT[resource.kind])
        if catalog.one(tx, uuid, resource, name) is not None:
            described = Place(resource=resource, namespace='', name=name).describe()
            raise Failure(409, f'{described} already exists', reason='AlreadyExists')
        if self.is_dry:
            return self._unkept(tx, uuid, name, document, status=201)
        objectrows.put(tx, uuid, resource.kind, name, document)
        return self._shown(tx, uuid, name, status=201)

    def _replace(self, tx: Tx, uuid: str) -> Response:
        resource, name = self.place.resource, self.place.name
        current = catalog.one(tx, uuid, resource, name)
        if current is None and self.media == patches.APPLY and 'create' in resource.writing:
            metadata = {**objects.mapping(self._document.get('metadata'), 'metadata'), 'name': name}
            whole: object = {**self._document, 'metadata': metadata}
            return dataclasses.replace(self, sent=whole)._create(tx, uuid)
        if current is None:
            raise Failure(404, f'{self.place.describe()} not found')
        wanted = self._document if self.method == 'PUT' else patches.patched(current, self.sent, self.media)
        sent = objects.mapping(self._document.get('metadata'), 'metadata').get('resourceVersion')
        if sent and str(sent) != current['metadata']['resourceVersion']:
            raise Failure(
                409,
                f'Operation cannot be fulfilled on {self.place.describe()}: the object has been modified;'
                ' please apply your changes to the latest version and try again',
            )
        if resource.kind == templates.SET:
            self._say_of_pods(tx, uuid, current, wanted)
        elif resource.kind == templates.POD:
            self._say_of_pod(tx, uuid, current, wanted)
        else:
            document = objects.kept(wanted, _KEPT[resource.kind])
            if self.is_dry:
                return self._unkept(tx, uuid, name, document)
            if resource.kind == services.KIND:
                document = _service(tx, uuid, name, document)
            objectrows.put(tx, uuid, resource.kind, name, document)
        return self._shown(tx, uuid, name)

    def _say_of_pods(self, tx: Tx, uuid: str, current: Document, wanted: Document) -> None:
        before = templates.read(tx, uuid, self.place.name)
        template = workloads.template(current, wanted, before)
        if not self.is_dry:
            templates.write(tx, uuid, self.place.name, template)

    def _say_of_pod(self, tx: Tx, uuid: str, current: Document, wanted: Document) -> None:
        metadata = workloads.pod_metadata(current, wanted)
        if not self.is_dry:
            templates.label(tx, uuid, self.place.name, metadata)

    def _delete(self, tx: Tx, uuid: str) -> Response:
        kind, name = self.place.resource.kind, self.place.name
        found = catalog.one(tx, uuid, self.place.resource, name)
        if found is None:
            raise Failure(404, f'{self.place.describe()} not found')
        uid = found['metadata']['uid']
        wanted = objects.mapping(self._document.get('preconditions'), 'preconditions').get('uid')
        if wanted and wanted != uid:
            raise Failure(409, f'the UID in the precondition ({wanted}) does not match')
        if not self.is_dry and kind == templates.POD:
            templates.restart(tx, uuid, name)
        elif not self.is_dry and objectrows.find(tx, uuid, kind, name) is not None:
            # The service of an application is there as long as that is; what was said of it is forgotten.
            objectrows.delete(tx, uuid, kind, name)
        details = {'name': name, 'group': self.place.resource.group, 'kind': self.place.resource.plural}
        details['uid'] = uid
        status: Document = {'kind': 'Status', 'apiVersion': 'v1', 'metadata': {}, 'status': 'Success'}
        return JSONResponse({**status, 'details': details})

    def _shown(self, tx: Tx, uuid: str, name: str, *, status: int = 200) -> Response:
        found = catalog.one(tx, uuid, self.place.resource, name)
        assert found is not None
        return JSONResponse(catalog.whole(self.place.resource, found), status_code=status)

    def _unkept(self, tx: Tx, uuid: str, name: str, document: Document, *, status: int = 200) -> Response:
        kind = self.place.resource.kind
        found = KubeObject(kind=kind, name=name, uid='', version=0, document=document, created_ms=tx.now_ms)
        item = catalog.item(found, views.namespace(tx, uuid), '')
        return JSONResponse(catalog.whole(self.place.resource, item), status_code=status)


def _service(tx: Tx, uuid: str, name: str, document: Document) -> Document:
    """What is kept of a service that is there: whose it is, and the address that it has."""
    own = services.applications(tx, uuid)
    if name in own:
        return {**document, 'owner': own[name]}
    before = objectrows.get(tx, uuid, services.KIND, name).document['spec'].get('clusterIP')
    return {**document, 'spec': {**({'clusterIP': before} if before else {}), **document['spec']}}
