"""The Kubernetes API of the run's model, with the standard library alone."""

from __future__ import annotations

import base64
import json
import os
import re
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from typing import Any

NAMESPACE = os.environ['JUJU_MODEL'].rpartition(':')[2].rpartition('/')[2]
_TIMEOUT_S = 20


def _kubeconfig() -> str:
    """The file that KUBECONFIG names, else what pocket says."""
    if path := os.environ.get('KUBECONFIG'):
        with open(path) as file:
            return file.read()
    command = ['pocket', 'kubeconfig', NAMESPACE]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f'cannot reach the Kubernetes API: set KUBECONFIG, or\n{done.stderr}')
    return done.stdout


class Cluster:
    """One user of one cluster: the first of the kubeconfig, whose token is written in it."""

    def __init__(self) -> None:
        text = _kubeconfig()
        server, ca, token = (
            re.search(rf'^\s*-?\s*{key}:\s*"?([^\s"]+)', text, re.MULTILINE)
            for key in ('server', 'certificate-authority-data', 'token')
        )
        if not (server and ca and token):
            sys.exit('cannot use the kubeconfig: it lacks a server, a certificate authority or a token')
        self._server, self._token = server[1].rstrip('/'), token[1]
        self._trust = ssl.create_default_context(cadata=base64.b64decode(ca[1]).decode())

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, dict[str, Any]]:
        """Return the status and the answer to a request."""
        request = urllib.request.Request(
            f'{self._server}{path}',
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={'Authorization': f'Bearer {self._token}', 'Content-Type': 'application/json'},
        )
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S, context=self._trust) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as err:
            return err.code, json.loads(err.read() or b'{}')
