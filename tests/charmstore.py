"""A charm store on this host: a small HTTP server with the shapes of the public API's documentation."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import threading
import urllib.parse
import zipfile
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Json = dict[str, Any]


@dataclass
class Release:
    """One revision of a charm, in the channels that it was released to."""

    revision: int
    channels: tuple[str, ...]
    archive: bytes
    metadata: str
    config: str = 'options: {}\n'
    bases: tuple[str, ...] = ('24.04',)
    resource: bytes = b''


@dataclass
class FakeStore:
    """What the store has, and what it was asked."""

    name: str
    releases: list[Release] = field(default_factory=list[Release])
    asked: list[str] = field(default_factory=list[str])
    failing_downloads: int = 0
    """So many downloads break off half way."""
    url: str = ''

    def answer(self, method: str, path: str, body: Json) -> tuple[int, Any]:
        """The status and the JSON or bytes that answer a request."""
        parts = urllib.parse.urlsplit(path)
        self.asked.append(f'{method} {parts.path}')
        match [part for part in parts.path.split('/') if part]:
            case ['v2', 'charms', 'refresh']:
                return 200, {
                    'results': [self._refreshed(action) for action in body['actions']],
                    'error-list': [],
                }
            case ['v2', 'charms', 'info', name]:
                return self._info(name)
            case ['v2', 'charms', 'find']:
                return 200, {'results': [self._found()]}
            case ['v2', 'charms', 'resources', self.name, 'words', 'revisions']:
                return 200, {'revisions': [self._resource(one) for one in self.releases if one.resource]}
            case ['download', kind, revision]:
                release = next(one for one in self.releases if one.revision == int(revision))
                return 200, release.archive if kind == 'charm' else release.resource
            case _:
                return 404, {'error-list': [{'code': 'resource-not-found', 'message': 'Not found'}]}

    def _refreshed(self, action: Json) -> Json:
        found: Json = {'instance-key': action['instance-key'], 'name': action.get('name'), 'result': 'error'}
        if action.get('name') != self.name:
            message = f'Name {action.get("name")} not found.'
            return {**found, 'error': {'code': 'name-not-found', 'message': message, 'extra': {}}}
        base: Json = action.get('base') or {}
        matching = [
            one
            for one in self.releases
            if action.get('revision') == one.revision
            or (
                'revision' not in action
                and action['channel'] in one.channels
                and base.get('channel') in one.bases
            )
        ]
        if base.get('name') == 'NA':
            bases = [{'architecture': 'amd64', 'name': 'ubuntu', 'channel': '24.04'}]
            extra = {'default-bases': bases}
            return {**found, 'error': {'code': 'invalid-charm-base', 'message': 'No base.', 'extra': extra}}
        if not matching:
            extra = {
                'releases': [
                    {'base': one, 'channel': channel.removeprefix('latest/')}
                    for release in self.releases
                    for channel in release.channels
                    for one in _bases(release)
                ]
            }
            message = 'No revision was found in the Store.'
            return {**found, 'error': {'code': 'revision-not-found', 'message': message, 'extra': extra}}
        release = matching[-1]
        return {
            **found,
            'result': 'install',
            'id': 'charmCHARMcharmCHARMcharmCHARM01',
            'effective-channel': action.get('channel', '').removeprefix('latest/'),
            'charm': {
                **self._entity(release),
                'metadata-yaml': release.metadata,
                'config-yaml': release.config,
                'resources': [self._resource(release)]
                if release.resource and 'revision' not in action
                else [],
            },
        }

    def _entity(self, release: Release) -> Json:
        return {
            'id': 'charmCHARMcharmCHARMcharmCHARM01',
            'name': self.name,
            'type': 'charm',
            'revision': release.revision,
            'version': str(release.revision),
            'bases': _bases(release),
            'download': {
                'url': f'{self.url}/download/charm/{release.revision}',
                'size': len(release.archive),
                'hash-sha-256': hashlib.sha256(release.archive).hexdigest(),
            },
        }

    def _resource(self, release: Release) -> Json:
        return {
            'name': 'words',
            'type': 'file',
            'filename': 'words.txt',
            'description': 'What to say.',
            'revision': release.revision,
            'download': {
                'url': f'{self.url}/download/resource/{release.revision}',
                'size': len(release.resource),
                'hash-sha-384': hashlib.sha384(release.resource).hexdigest(),
            },
        }

    def _info(self, name: str) -> tuple[int, Json]:
        if name != self.name:
            return 404, {'error-list': [{'code': 'resource-not-found', 'message': f'No {name}'}]}
        newest = self.releases[-1]
        channel_map = [
            {
                'channel': {
                    'name': channel,
                    'track': channel.partition('/')[0],
                    'risk': channel.partition('/')[2],
                    'released-at': '2026-01-02T03:04:05+00:00',
                    'base': _bases(release)[0],
                },
                'revision': self._entity(release),
            }
            for release in self.releases
            for channel in release.channels
        ]
        default = {
            'revision': {**self._entity(newest), 'subordinate': False, 'metadata-yaml': newest.metadata}
        }
        resources = [self._resource(newest)] if newest.resource else []
        return 200, {
            'id': 'charmCHARMcharmCHARMcharmCHARM01',
            'name': name,
            'type': 'charm',
            'result': {'summary': 'Keeps words.', 'publisher': {'display-name': 'Tests'}},
            'channel-map': channel_map,
            'default-release': {**default, 'resources': resources},
        }

    def _found(self) -> Json:
        result = {'summary': 'Keeps words.', 'publisher': {'display-name': 'Tests'}}
        return {'id': 'x', 'name': self.name, 'type': 'charm', 'result': result, 'default-release': {}}


def _bases(release: Release) -> list[Json]:
    return [{'architecture': 'amd64', 'name': 'ubuntu', 'channel': one} for one in release.bases]


def archive(files: Mapping[str, str]) -> bytes:
    """A charm of *files*; names that begin with ``+`` are executable."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, 'w') as packed:
        for name, text in files.items():
            info = zipfile.ZipInfo(name.removeprefix('+'))
            info.external_attr = (0o100755 if name.startswith('+') else 0o100644) << 16
            packed.writestr(info, text)
    return made.getvalue()


METADATA = """\
name: keeper
summary: Keeps words.
resources:
  words: {type: file, filename: words.txt, description: What to say.}
storage:
  data: {type: filesystem, multiple: {range: 0-}}
"""
SCRIPT = """\
#!/bin/sh
echo "$JUJU_DISPATCH_PATH" >> hooks.log
case "$JUJU_DISPATCH_PATH" in
hooks/start|hooks/upgrade-charm|hooks/config-changed)
    path=$(resource-get words) || { status-set blocked "no words"; exit 0; }
    status-set active "$(cat "$path") r$(cat revision)" ;;
esac
"""


def release(revision: int, *channels: str, words: str, bases: tuple[str, ...] = ('24.04',)) -> Release:
    """A revision of a charm that shows its resource in its status."""
    manifest = {'bases': [{'name': 'ubuntu', 'channel': one, 'architectures': ['amd64']} for one in bases]}
    files = {
        'metadata.yaml': METADATA,
        'config.yaml': 'options: {}\n',
        'manifest.yaml': json.dumps(manifest),
        '+dispatch': SCRIPT,
        'notes': f'{revision}\n',
    }
    return Release(
        revision=revision,
        channels=channels,
        archive=archive(files),
        metadata=METADATA,
        bases=bases,
        resource=words.encode(),
    )


@contextlib.contextmanager
def listening() -> Generator[FakeStore]:
    """A store with one charm, that listens."""
    fake = FakeStore(
        name='keeper',
        releases=[
            release(1, 'latest/stable', words='hello', bases=('24.04', '22.04')),
            release(2, 'latest/edge', words='goodbye'),
        ],
    )

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send('GET', {})

        def do_POST(self) -> None:
            length = int(self.headers.get('Content-Length') or 0)
            self._send('POST', json.loads(self.rfile.read(length)))

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (its name there)
            pass

        def _send(self, method: str, body: Json) -> None:
            status, answer = fake.answer(method, self.path, body)
            data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header('Content-Length', str(len(data)))
            self.end_headers()
            if '/download/' in self.path and fake.failing_downloads:
                fake.failing_downloads -= 1
                data = data[: len(data) // 2]
            self.wfile.write(data)

    server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    fake.url = f'http://127.0.0.1:{server.server_port}'
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
