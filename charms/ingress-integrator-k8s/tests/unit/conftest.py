"""The Kubernetes API behind real HTTPS, with a service account for it."""

from __future__ import annotations

import http.server
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import kube
import pytest
from kit import Api


@pytest.fixture(scope='session')
def account(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp('account')
    subprocess.run(
        [
            *('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'),
            *('-keyout', str(folder / 'key'), '-out', str(folder / 'ca.crt'), '-subj', '/CN=kube'),
            *('-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2'),
        ],
        check=True,
        capture_output=True,
    )
    (folder / 'token').write_text('token\n')
    (folder / 'namespace').write_text('blog')
    return folder


@pytest.fixture
def api(account: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Api]]:
    class One(Api):
        refusal = 0

    One.objects, One.calls = {}, []
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), One)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(account / 'ca.crt', account / 'key')
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={'poll_interval': 0.01})
    thread.start()
    monkeypatch.setenv('KUBERNETES_SERVICE_HOST', '127.0.0.1')
    monkeypatch.setenv('KUBERNETES_SERVICE_PORT', str(server.server_address[1]))
    monkeypatch.setattr(kube, 'ACCOUNT', account)
    yield One
    server.shutdown()
    thread.join()
    server.server_close()
