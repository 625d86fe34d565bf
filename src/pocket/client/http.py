"""Uploads over the controller's HTTPS endpoints: charm archives and resources (juju.md 1.5)."""

from __future__ import annotations

import hashlib
import http.client
import json
import socket
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from pocket.client import faults, rpc, shape
from pocket.client.files import Controller

_DIAL_S = 10.0
_UPLOAD_S = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the server answered."""

    status: int
    headers: Mapping[str, str]
    body: Mapping[str, Any]


def upload_charm(
    controller: Controller, model_uuid: str, archive: Path, *, name: str, revision: int = 0
) -> str:
    """Upload a charm archive and return the URL that the controller gave it.

    Raises:
        Refused: the server does not take it. NoAnswer: no address answers.
    """
    digest = file_digest(archive, 'sha256')
    kind = {'Content-Type': 'application/zip'}
    answer = _send(
        controller,
        'PUT',
        f'/model-{model_uuid}/charms/{quote(name)}-{digest[:7]}',
        archive,
        headers={**kind, 'Juju-Curl': f'local:{name}-{revision}'},
    )
    if answer.status in (404, 405):  # a controller before 3.4
        query = urlencode({'schema': 'local', 'revision': revision, 'series': ''})
        answer = _send(controller, 'POST', f'/model/{model_uuid}/charms?{query}', archive, headers=kind)
    _raise_for(answer, 'cannot upload charm')
    return str(answer.body.get('charm-url') or answer.headers.get('Juju-Curl') or '')


def upload_resource(
    controller: Controller,
    model_uuid: str,
    file: Path,
    *,
    application: str,
    resource: str,
    pending_id: str = '',
) -> None:
    """Upload the content of a resource.

    Raises:
        Refused: the server does not take it. NoAnswer: no address answers.
    """
    query = f'?{urlencode({"pendingid": pending_id})}' if pending_id else ''
    answer = _send(
        controller,
        'PUT',
        f'/model/{model_uuid}/applications/{quote(application)}/resources/{quote(resource)}{query}',
        file,
        headers={
            'Content-Type': 'application/octet-stream',
            'Content-Sha384': file_digest(file, 'sha384'),
            'Content-Disposition': f'form-data; filename="{quote(file.name)}"',
        },
    )
    _raise_for(answer, f'failed to upload resource "{resource}"')


def file_digest(path: Path, algorithm: str) -> str:
    """The hex digest of a file's content."""
    with path.open('rb') as opened:
        return hashlib.file_digest(opened, algorithm).hexdigest()


def _send(
    controller: Controller, method: str, path: str, file: Path, *, headers: Mapping[str, str]
) -> Answer:
    secret = b64encode(f'user-{controller.user}:{controller.password}'.encode()).decode()
    last: Exception | None = None
    for address in controller.endpoints:
        try:
            connection = _connection(controller, address)
        except OSError as err:
            last = err
            continue
        try:
            with file.open('rb') as body:
                connection.request(
                    method,
                    path,
                    body=body,
                    headers={
                        **headers,
                        'Content-Length': str(file.stat().st_size),
                        'Authorization': f'Basic {secret}',
                    },
                )
                response = connection.getresponse()
                return Answer(
                    status=response.status,
                    headers=dict(response.getheaders()),
                    body=_decoded(response.read()),
                )
        except (OSError, http.client.HTTPException) as err:
            raise faults.NoAnswer(f'cannot upload {file.name} to controller "{controller.name}"') from err
        finally:
            connection.close()
    raise faults.NoAnswer(f'cannot connect to controller "{controller.name}"') from last


def _connection(controller: Controller, address: str) -> http.client.HTTPConnection:
    authority, _, _ = address.partition('/')
    host, _, port = authority.rpartition(':')
    connection = http.client.HTTPConnection(host.strip('[]'), int(port), timeout=_UPLOAD_S)
    raw = socket.create_connection((host.strip('[]'), int(port)), timeout=_DIAL_S)
    # The certificate names every controller alike; http.client would check the address instead.
    connection.sock = rpc.tls(controller).wrap_socket(raw, server_hostname=rpc.SERVER_NAME)
    connection.sock.settimeout(_UPLOAD_S)
    return connection


def _decoded(body: bytes) -> Mapping[str, Any]:
    try:
        decoded: object = json.loads(body)
    except ValueError:
        return {'error': body.decode(errors='replace').strip()}
    return shape.mapping(decoded)


def _raise_for(answer: Answer, what: str) -> None:
    if answer.status < 400:
        return
    error = answer.body.get('error') or f'the server answered {answer.status}'
    text = str(shape.mapping(error).get('message') or error)
    message = text if text.startswith(what) else f'{what}: {text}'
    raise faults.Refused(message, code=str(answer.body.get('error-code') or ''))
