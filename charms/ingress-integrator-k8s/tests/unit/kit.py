"""As much of the Kubernetes API as Ingresses need."""

from __future__ import annotations

import http.server
import json
from typing import Any, cast

INGRESSES = '/apis/networking.k8s.io/v1/namespaces/blog/ingresses'
SECRETS = '/api/v1/namespaces/blog/secrets'


class Api(http.server.BaseHTTPRequestHandler):
    """Objects by path; whoever lists gets those that carry the labels."""

    objects: dict[str, dict[str, Any]]
    calls: list[str]
    refusal: int
    protocol_version = 'HTTP/1.1'

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
        path, _, _ = self.path.partition('?')
        self.calls.append(f'{self.command} {path.rpartition("/")[2]}')
        status, found = 200, cast('dict[str, Any]', {})
        if self.refusal or self.headers['Authorization'] != 'Bearer token':
            status = self.refusal or 401
        elif self.command in ('POST', 'PUT'):
            found = json.loads(body)
            found['metadata']['resourceVersion'] = '7'
            self.objects[path if self.command == 'PUT' else f'{path}/{found["metadata"]["name"]}'] = found
        elif path == INGRESSES:
            assert 'managed-by%3Dingress-integrator-k8s' in self.path
            items = [one for key, one in self.objects.items() if key.startswith(f'{path}/')]
            found = {'items': [one for one in items if one['metadata'].get('labels')]}
        elif path not in self.objects:
            status = 404
        elif self.command == 'DELETE':
            found = self.objects.pop(path)
        else:
            found = self.objects[path]
        text = json.dumps(found).encode()
        self.send_response(status)
        self.send_header('Content-Length', str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PUT = do_DELETE = _answer

    def log_request(self, code: int | str = '-', size: int | str = '-') -> None:
        pass
