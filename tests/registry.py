"""A registry of container images: Debian's, on this host, and what is put into it without any tool."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import json
import re
import signal
import ssl
import subprocess
import threading
import urllib.parse
from collections.abc import Generator
from pathlib import Path
from typing import Any

import yaml

from bedrock.oci import documents, layers, layout, model, writer
from pocket.api.tls import Certificates

PROGRAM = 'docker-registry'
USER, PASSWORD = 'robot', 'the-password'
_HASH = '$2y$04$abcdefghijklmnopqrstuujfuDmBVdEpp/rsXBeSw0ec5YfAUJRh.'
"""bcrypt's of PASSWORD, the only kind that the registry reads."""

MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json'
LIST = 'application/vnd.docker.distribution.manifest.list.v2+json'
_CONFIG = 'application/vnd.docker.container.image.v1+json'
_LAYER = 'application/vnd.docker.image.rootfs.diff.tar.gzip'


class Registry:
    """One that runs; what is in it outlives it."""

    def __init__(self, folder: Path, *, certificates: Certificates | None) -> None:
        self._folder, self._certificates = folder, certificates
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self.port = 0
        self.asked: list[str] = []
        """What it said of each request."""

    def start(self) -> None:
        """Start it at its port, the first time at any; it listens then."""
        config: dict[str, Any] = {
            'version': '0.1',
            'log': {'accesslog': {'disabled': True}, 'fields': {'service': 'registry'}},
            'storage': {'filesystem': {'rootdirectory': str(self._folder / 'content')}},
            'http': {'addr': f'127.0.0.1:{self.port}', 'secret': 'of no use'},
        }
        if self._certificates is not None:
            key = {'certificate': str(self._certificates.chain), 'key': str(self._certificates.key)}
            config['http']['tls'] = key
            (self._folder / 'users').write_text(f'{USER}:{_HASH}\n')
            config['auth'] = {'htpasswd': {'realm': 'test', 'path': str(self._folder / 'users')}}
        (self._folder / 'config.yml').write_text(yaml.safe_dump(config))
        self._process = subprocess.Popen(
            [PROGRAM, 'serve', str(self._folder / 'config.yml')],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self._process.stdout is not None
        said: list[str] = []
        for line in self._process.stdout:
            said.append(line)
            if found := re.search(r'listening on 127\.0\.0\.1:(\d+)', line):
                self.port = int(found[1])
                break
        else:
            raise AssertionError(f'the registry ended: {"".join(said)}')
        self._reader = threading.Thread(target=self.asked.extend, args=(self._process.stdout,), daemon=True)
        self._reader.start()

    def stop(self) -> None:
        """End it; nothing listens then."""
        if self._process is None or self._reader is None:
            return
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self._reader.join()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process = None

    def put(self, image: layout.Image, name: str, tag: str, *, docker: bool = False) -> model.Descriptor:
        """Put *image* there as *name*:*tag*; return what its manifest is there.

        Args:
            docker: As Docker has it, not OCI.
        """
        manifest = dict(layout.document(image.layout, image.manifest))
        blobs = (documents.descriptor(manifest['config'], where=''), *image.layers)
        for blob in blobs:
            self._blob(name, blob.digest, layout.path(image.layout, blob).read_bytes())
        if docker:
            manifest['mediaType'] = MANIFEST
            manifest['config'] = {**manifest['config'], 'mediaType': _CONFIG}
            manifest['layers'] = [{**layer, 'mediaType': _LAYER} for layer in manifest['layers']]
        return self.put_manifest(name, tag, manifest)

    def put_manifest(self, name: str, tag: str, manifest: dict[str, Any]) -> model.Descriptor:
        """Put a manifest or a list of them there; return what it is there."""
        data, kind = json.dumps(manifest, indent=3).encode(), str(manifest['mediaType'])
        told = self._ask('PUT', f'/v2/{name}/manifests/{tag}', data, kind=kind)
        digest = f'sha256:{hashlib.sha256(data).hexdigest()}'
        assert told['docker-content-digest'] == digest
        return model.Descriptor(media_type=kind, digest=digest, size=len(data))

    def _blob(self, name: str, digest: str, data: bytes) -> None:
        told = self._ask('POST', f'/v2/{name}/blobs/uploads/')
        where = urllib.parse.urlsplit(told['location'])
        self._ask('PUT', f'{where.path}?{where.query}&digest={digest}', data, kind='application/octet-stream')

    def _ask(self, method: str, path: str, data: bytes = b'', *, kind: str = '') -> dict[str, str]:
        """Ask for something, as USER; return the headers of the answer."""
        if self._certificates is None:
            connection = http.client.HTTPConnection('127.0.0.1', self.port)
        else:
            context = ssl.create_default_context(cadata=self._certificates.ca_cert_pem)
            connection = http.client.HTTPSConnection('127.0.0.1', self.port, context=context)
        pair = base64.b64encode(f'{USER}:{PASSWORD}'.encode()).decode()
        with contextlib.closing(connection):
            headers = {'Authorization': f'Basic {pair}', **({'Content-Type': kind} if kind else {})}
            connection.request(method, path, data, headers)
            answer = connection.getresponse()
            text = answer.read().decode()
            assert answer.status < 300, text
            return {name.lower(): value for name, value in answer.getheaders()}


@contextlib.contextmanager
def running(folder: Path, *, certificates: Certificates | None = None) -> Generator[Registry]:
    """A registry for the time of the block: with *certificates* by TLS and for USER alone."""
    folder.mkdir(parents=True)
    registry = Registry(folder, certificates=certificates)
    registry.start()
    try:
        yield registry
    finally:
        registry.stop()


def image(folder: Path, text: str, *, architecture: str = '') -> layout.Image:
    """An image whose one file says *text*."""
    tree = folder / f'{text}-tree'
    tree.mkdir(parents=True)
    (tree / 'file').write_text(text)
    layer = layers.write(tree, folder / f'{text}-layer', epoch=1)
    config = model.Config(
        architecture=architecture or model.this_architecture(), environment=(f'TEXT={text}',)
    )
    writer.write(folder / text, [layer], config, tag='latest')
    return layout.open_(folder / text)
