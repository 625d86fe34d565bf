"""Charm archives over HTTP: both of Juju's ways to upload one, and both to fetch it again."""

from __future__ import annotations

import asyncio
import mimetypes
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from bedrock import charm as charm_files
from pocket import blobs
from pocket.api import http
from pocket.services import charms
from pocket.services.charms import CharmRecord
from pocket.services.errors import BAD_REQUEST, NOT_FOUND, NOT_YET_AVAILABLE, JujuError

__all__ = ['MAX_ARCHIVE_BYTES', 'get_charm', 'get_charm_object', 'post_charm', 'put_charm']

MAX_ARCHIVE_BYTES = 2**30
"""A larger upload is refused."""
_MAX_MEMBER_BYTES = 16 * 2**20
_SHA_PREFIX = 7
_DEFAULT_ICON = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96">'
    b'<rect width="96" height="96" rx="12" fill="#777"/></svg>\n'
)
"""Shown for a charm that brings none."""


@http.answering('cannot upload charm')
async def put_charm(request: Request) -> Response:
    """``PUT /model-<uuid>/charms/<name>-<start of sha256>``: how the juju program uploads."""
    _, _, prefix = str(request.path_params['object']).rpartition('-')
    if len(prefix) != _SHA_PREFIX:
        raise JujuError('wrong charms object path', BAD_REQUEST)
    return await _store(request, sha_prefix=prefix)


@http.answering('cannot upload charm')
async def post_charm(request: Request) -> Response:
    """``POST /model/<uuid>/charms``: how python-libjuju uploads."""
    if request.query_params.get('schema', 'local') != 'local':
        raise JujuError('unsupported schema: only local charms can be uploaded', BAD_REQUEST)
    return await _store(request)


@http.answering('cannot get charm')
async def get_charm(request: Request) -> Response:
    """``GET /model/<uuid>/charms?url=U&file=F``: all of it (``*``), one file, or the list of its files."""
    uuid = http.model_of(request)
    url = request.query_params.get('url', '')
    if not url:
        raise JujuError('expected url=CharmURL query argument', BAD_REQUEST)
    record = http.controller_of(request).state.read(charms.get, uuid, url)
    _require_here(record)
    wanted = request.query_params.get('file', '')
    if request.query_params.get('icon') == '1':
        return Response(await asyncio.to_thread(_icon, record.archive), media_type='image/svg+xml')
    match wanted:
        case '*':
            return FileResponse(record.archive, media_type='application/zip')
        case '':
            return JSONResponse({'files': await asyncio.to_thread(_names, record.archive)})
        case name:
            content = await asyncio.to_thread(_member, record.archive, name)
            kind = mimetypes.guess_type(name)[0] or 'application/octet-stream'
            return Response(content, media_type=kind)


@http.answering('cannot get charm')
async def get_charm_object(request: Request) -> Response:
    """``GET /model-<uuid>/charms/<name>-<start of sha256>``: all of it."""
    uuid = http.model_of(request)
    name, _, prefix = str(request.path_params['object']).rpartition('-')
    for record in http.controller_of(request).state.read(charms.list_, uuid):
        if record.name == name and prefix and record.sha256.startswith(prefix):
            _require_here(record)
            return FileResponse(record.archive, media_type='application/zip')
    raise JujuError(f'charm "{name}" not found', NOT_FOUND)


async def _store(request: Request, *, sha_prefix: str = '') -> Response:
    uuid = http.model_of(request)
    controller = http.controller_of(request)
    with blobs.charms(controller.settings.home).part(limit=MAX_ARCHIVE_BYTES) as part:
        try:
            async for chunk in request.stream():
                part.write(chunk)
        except blobs.TooLargeFault as err:
            raise JujuError(err.message, BAD_REQUEST) from err
        await asyncio.to_thread(part.finish)
        if sha_prefix and not part.digest.startswith(sha_prefix):
            raise JujuError(
                f'Uploaded charm sha256 ({part.digest}) does not match sha in url ({sha_prefix})',
                BAD_REQUEST,
            )
        charm = await asyncio.to_thread(_read, part.path)
        archive = part.keep()
    url = await controller.state.write(
        charms.add_local, uuid, archive=archive, sha256=part.digest, charm=charm
    )
    return JSONResponse({'charm-url': url}, headers={'Juju-Curl': url})


def _read(archive: Path) -> charm_files.Charm:
    try:
        return charm_files.read(archive)
    except charm_files.CharmFault as err:
        # The sender knows neither our folders nor our names for files.
        raise JujuError(err.message.replace(f' {archive}', ''), BAD_REQUEST) from err


def _require_here(record: CharmRecord) -> None:
    if not record.downloaded:
        raise JujuError(f'charm "{record.url}" is not yet available', NOT_YET_AVAILABLE)


def _names(archive: Path) -> list[str]:
    with charm_files.Archive(archive) as opened:
        return list(opened.entries)


def _icon(archive: Path) -> bytes:
    try:
        return _member(archive, 'icon.svg')
    except JujuError as error:
        if error.code != NOT_FOUND:
            raise
        return _DEFAULT_ICON


def _member(archive: Path, name: str) -> bytes:
    with charm_files.Archive(archive) as opened:
        entry = opened.entries.get(name)
        if entry is None or entry.link:
            raise JujuError(f'charm file "{name}" not found', NOT_FOUND)
        if entry.size > _MAX_MEMBER_BYTES:
            raise JujuError(f'charm file "{name}" is too large to be sent alone', BAD_REQUEST)
        return opened.read(name)
