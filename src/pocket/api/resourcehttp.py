"""Resources over HTTP: an application's sent and fetched, a unit's fetched (juju.md 1.5)."""

from __future__ import annotations

import asyncio
import email.errors
import email.header
import email.message
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from bedrock.errors import Fault
from pocket import blobs, keptimages, storefetch
from pocket.api import http
from pocket.api.encode import resource as encode_resource
from pocket.api.fields import untag
from pocket.model import application_of
from pocket.model.resources import MAX_RESOURCE_BYTES, Resource
from pocket.services import applications, resources
from pocket.services.cluster import images
from pocket.services.errors import BAD_REQUEST, NOT_FOUND, JujuError

__all__ = ['file_name_of', 'get_application', 'get_unit', 'put']


@http.answering()
async def put(request: Request) -> Response:
    """``PUT .../applications/<app>/resources/<name>``: content, for a pending resource or a running one."""
    uuid = http.model_of(request)
    controller = http.controller_of(request)
    user = http.authenticate(request)
    application, name = str(request.path_params['application']), str(request.path_params['resource'])
    pending = request.query_params.get('pendingid', '')
    kind = request.headers.get('content-type', '').partition(';')[0].strip()
    if kind != 'application/octet-stream':
        raise JujuError(f'unsupported content type "{kind}"', BAD_REQUEST)
    expected = resources.check_fingerprint(request.headers.get('content-sha384', ''))
    file_name = file_name_of(request.headers.get('content-disposition', ''))
    wanted = controller.state.read(
        resources.check_upload, uuid, application, name, file_name=file_name, pending_id=pending
    )
    limit, image = (images.MAX_BYTES if wanted.type == images.TYPE else MAX_RESOURCE_BYTES), ''
    home = controller.settings.home
    with blobs.resources(home).part(limit=limit) as part:
        try:
            async for chunk in request.stream():
                part.write(chunk)
            await asyncio.to_thread(part.finish)
            if wanted.type == images.TYPE:
                image = images.parse(name, part.path.read_bytes())
            part.keep(expected=expected)
        except blobs.TooLargeFault as err:
            raise JujuError(err.message, BAD_REQUEST) from err
        except blobs.MismatchFault as err:
            raise JujuError(f'resource "{name}" does not match its fingerprint', BAD_REQUEST) from err
    if image:
        part, image = await asyncio.to_thread(_pinned, home, part, image)
    stored = await controller.state.write(
        resources.store_upload,
        *(uuid, application, name),
        fingerprint=part.digest,
        size=part.size,
        username=user,
        pending_id=pending,
        image=image,
    )
    return JSONResponse({'resource': encode_resource(stored)})


def _pinned(home: Path, part: blobs.Part, image: str) -> tuple[blobs.Part, str]:
    """Keep the *image* that a resource names, where it is of this host, and its content with the digest."""
    path = images.path_of(image)
    try:
        kept = keptimages.keep(home, path)
    except Fault as err:
        raise JujuError('. '.join(filter(None, (err.message, err.hint))), BAD_REQUEST) from err
    if kept == path:
        return part, image
    content, image = images.pinned(kept)
    with blobs.resources(home).part(limit=images.MAX_BYTES) as part:
        part.write(content)
        part.keep()
    return part, image


@http.answering()
async def get_application(request: Request) -> Response:
    """``GET .../applications/<app>/resources/<name>``."""
    uuid = http.model_of(request)
    application = str(request.path_params['application'])
    http.controller_of(request).state.read(applications.get, uuid, application)
    return await _content(request, uuid, application)


@http.answering()
async def get_unit(request: Request) -> Response:
    """``GET .../units/<unit tag>/resources/<name>``."""
    uuid = http.model_of(request)
    unit = untag('unit', str(request.path_params['unit']))
    http.controller_of(request).state.read(applications.get_unit, uuid, unit)
    return await _content(request, uuid, application_of(unit), with_digest=True)


async def _content(request: Request, uuid: str, application: str, *, with_digest: bool = False) -> Response:
    controller = http.controller_of(request)
    name = str(request.path_params['resource'])
    found = controller.state.read(resources.find, uuid, application, name)
    if found is None or found.is_placeholder:
        raise JujuError(f'resource "{name}" not found', NOT_FOUND)
    path = await _here(controller.settings.home, found)
    headers = {'Content-Sha384': found.fingerprint} if with_digest else {}
    return FileResponse(path, media_type='application/octet-stream', headers=headers)


async def _here(home: Path, resource: Resource) -> Path:
    try:
        return await storefetch.resource(home, resource)
    except Fault as err:
        raise JujuError(err.message) from err


def file_name_of(disposition: str) -> str:
    """Return the file name in a Content-Disposition header, however it is written.

    Clients send it bare, quoted, percent-encoded for RFC 2231, or as an encoded word of RFC 2047.

    Raises:
        JujuError: there is none.
    """
    message = email.message.Message()
    message['content-disposition'] = disposition.replace('\r', ' ').replace('\n', ' ')
    try:
        found = message.get_filename('')
        text = str(email.header.make_header(email.header.decode_header(found)))
    except (email.errors.MessageError, LookupError, ValueError) as err:
        raise JujuError('invalid filename in resource upload request', BAD_REQUEST) from err
    if not text:
        raise JujuError('missing filename in resource upload request', BAD_REQUEST)
    return text
