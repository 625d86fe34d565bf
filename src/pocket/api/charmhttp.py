"""Charm archives over HTTP: both of Juju's ways to upload one, and both to fetch it again."""

from __future__ import annotations

import asyncio
import hashlib
import mimetypes
import os
import tempfile
import zipfile
from collections.abc import Awaitable, Callable
from functools import wraps
from pathlib import Path

from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response

from bedrock import charm as charm_files
from pocket.api import http
from pocket.services import charms
from pocket.services.errors import BAD_REQUEST, NOT_FOUND, JujuError

__all__ = ['MAX_ARCHIVE_BYTES', 'Upload', 'get_charm', 'get_charm_object', 'post_charm', 'put_charm']

MAX_ARCHIVE_BYTES = 2**30
"""A larger upload is refused."""
_MAX_MEMBER_BYTES = 16 * 2**20
_SHA_PREFIX = 7
_DEFAULT_ICON = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96">'
    b'<rect width="96" height="96" rx="12" fill="#777"/></svg>\n'
)
"""Shown for a charm that brings none."""

Endpoint = Callable[[Request], Awaitable[Response]]


class Upload:
    """A file on its way to disk: hashed as it comes, bounded, and gone unless it is kept."""

    def __init__(self, folder: Path, *, limit: int = MAX_ARCHIVE_BYTES) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        number, name = tempfile.mkstemp(dir=folder, prefix='.upload-')
        self._file = os.fdopen(number, 'wb')
        self.path = Path(name)
        self._folder = folder
        self._left = limit
        self._digest = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """The hex digest of what came so far."""
        return self._digest.hexdigest()

    def write(self, chunk: bytes) -> None:
        """Take the next piece.

        Raises:
            JujuError: it is too much.
        """
        self._left -= len(chunk)
        if self._left < 0:
            raise JujuError('archive is too large', BAD_REQUEST)
        self._digest.update(chunk)
        self._file.write(chunk)

    def finish(self) -> None:
        """Bring what came to disk, so that `path` can be read."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def keep(self) -> Path:
        """Give it its lasting name, by its content."""
        kept = self._folder / f'{self.sha256}.charm'
        self.path.replace(kept)
        return kept

    def discard(self) -> None:
        """Remove it unless it was kept."""
        self._file.close()
        self.path.unlink(missing_ok=True)


def _answering(doing: str) -> Callable[[Endpoint], Endpoint]:
    def decorate(endpoint: Endpoint) -> Endpoint:
        @wraps(endpoint)
        async def answer(request: Request) -> Response:
            try:
                http.authenticate(request)
                return await endpoint(request)
            except ClientDisconnect:
                raise
            except Exception as error:  # noqa: BLE001 - error_response logs what is not a refusal
                return http.error_response(error, doing=doing)

        return answer

    return decorate


@_answering('cannot upload charm')
async def put_charm(request: Request) -> Response:
    """``PUT /model-<uuid>/charms/<name>-<start of sha256>``: how the juju program uploads."""
    _, _, prefix = str(request.path_params['object']).rpartition('-')
    if len(prefix) != _SHA_PREFIX:
        raise JujuError('wrong charms object path', BAD_REQUEST)
    return await _store(request, sha_prefix=prefix)


@_answering('cannot upload charm')
async def post_charm(request: Request) -> Response:
    """``POST /model/<uuid>/charms``: how python-libjuju uploads."""
    if request.query_params.get('schema', 'local') != 'local':
        raise JujuError('unsupported schema: only local charms can be uploaded', BAD_REQUEST)
    return await _store(request)


@_answering('cannot get charm')
async def get_charm(request: Request) -> Response:
    """``GET /model/<uuid>/charms?url=U&file=F``: all of it (``*``), one file, or the list of its files."""
    uuid = http.model_of(request)
    url = request.query_params.get('url', '')
    if not url:
        raise JujuError('expected url=CharmURL query argument', BAD_REQUEST)
    record = http.controller_of(request).state.read(charms.get, uuid, url)
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


@_answering('cannot get charm')
async def get_charm_object(request: Request) -> Response:
    """``GET /model-<uuid>/charms/<name>-<start of sha256>``: all of it."""
    uuid = http.model_of(request)
    name, _, prefix = str(request.path_params['object']).rpartition('-')
    for record in http.controller_of(request).state.read(charms.list_, uuid):
        if record.name == name and prefix and record.sha256.startswith(prefix):
            return FileResponse(record.archive, media_type='application/zip')
    raise JujuError(f'charm "{name}" not found', NOT_FOUND)


async def _store(request: Request, *, sha_prefix: str = '') -> Response:
    uuid = http.model_of(request)
    controller = http.controller_of(request)
    upload = Upload(controller.settings.home / 'charms')
    try:
        async for chunk in request.stream():
            upload.write(chunk)
        await asyncio.to_thread(upload.finish)
        if sha_prefix and not upload.sha256.startswith(sha_prefix):
            raise JujuError(
                f'Uploaded charm sha256 ({upload.sha256}) does not match sha in url ({sha_prefix})',
                BAD_REQUEST,
            )
        charm = await asyncio.to_thread(_read, upload.path)
        archive = upload.keep()
    finally:
        upload.discard()
    url = await controller.state.write(
        charms.add_local, uuid, archive=archive, sha256=upload.sha256, charm=charm
    )
    return JSONResponse({'charm-url': url}, headers={'Juju-Curl': url})


def _read(archive: Path) -> charm_files.Charm:
    try:
        return charm_files.read(archive)
    except charm_files.CharmFault as err:
        # The sender knows neither our folders nor our names for files.
        raise JujuError(err.message.replace(f' {archive}', ''), BAD_REQUEST) from err


def _names(archive: Path) -> list[str]:
    with zipfile.ZipFile(archive) as opened:
        return sorted(info.filename for info in opened.infolist() if not info.is_dir())


def _icon(archive: Path) -> bytes:
    try:
        return _member(archive, 'icon.svg')
    except JujuError as error:
        if error.code != NOT_FOUND:
            raise
        return _DEFAULT_ICON


def _member(archive: Path, name: str) -> bytes:
    with zipfile.ZipFile(archive) as opened:
        try:
            info = opened.getinfo(name)
        except KeyError as err:
            raise JujuError(f'charm file "{name}" not found', NOT_FOUND) from err
        if info.file_size > _MAX_MEMBER_BYTES:
            raise JujuError(f'charm file "{name}" is too large to be sent alone', BAD_REQUEST)
        return opened.read(info)
