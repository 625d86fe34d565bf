"""Three ways to a certificate: by a relation, by the name of a secret. Test 22."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import re
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Generator
from pathlib import Path

import pytest

from bedrock import process
from tests.blog import homes
from tests.blog.model import Blog
from tests.blog.parts import TOP, measured
from tests.blog.visitors import HOST

UNIT = 'wordpress/0'
CA = '/var/lib/juju/agents/unit-authority-0/charm/ca.pem'


@pytest.fixture(scope='module')
def plot(tmp_path_factory: pytest.TempPathFactory) -> Generator[Blog]:
    with homes.pocket(tmp_path_factory.mktemp('tls'), 'tls') as made:
        made.add_model()
        made.deploy_database()
        made.deploy({'blog_hostname': HOST})
        made.wait_unit(UNIT, 'active', seconds=120)
        yield made


def test_22_a_relation_to_an_authority_gives_https_without_a_proxy(plot: Blog) -> None:
    """Test 22: who trusts the authority reads the blog by its name only; renewal drops no request."""
    plot.juju('deploy', str(TOP / 'tests/data/charms/authority'))
    plot.juju('integrate', 'wordpress:certificates', 'authority:certificates')
    plot.wait_message(UNIT, f'startsWith(M, "https://{HOST}:8443")')
    plot.wait_unit(UNIT, 'active')
    trust = ssl.create_default_context(cadata=plot.ssh('authority/0', 'cat', CA))
    address = plot.unit(UNIT)['address']
    status, page, serial = _read(address, 8443, HOST, trust)
    assert status == 200
    assert not re.search(r'(src|href)="http://', page)
    with pytest.raises(ssl.SSLCertVerificationError):
        _read(address, 8443, 'other.example.com', trust)
    renewed, count, failures = _renewed(
        address, 8443, trust, serial, lambda: plot.juju('config', 'authority', 'days=60')
    )
    measured(f'renewed after {renewed:.1f} s; {count} requests meanwhile, {len(failures)} failed')
    assert failures == []


def test_22_the_name_of_a_secret_gives_https_at_the_ingress(plot: Blog, tmp_path: Path) -> None:
    """Test 22: the ingress serves the certificate of tls_secret_name, and another one once it is replaced."""
    config = tmp_path / 'kubeconfig'
    config.write_text(plot.kubeconfig())
    found = re.search(r'server: https://([0-9.]+)', config.read_text())
    assert found
    first, second = (_self_signed(tmp_path / name) for name in ('first', 'second'))
    _kubectl(config, _secret(first))
    with contextlib.suppress(process.ProgramFault):
        plot.juju('remove-relation', 'wordpress', 'authority')
    plot.juju('config', 'wordpress', 'tls_secret_name=blog-tls')
    plot.wait_message(UNIT, f'startsWith(M, "https://{HOST} ")')
    plot.wait_unit(UNIT, 'active')
    trust = ssl.create_default_context()
    for folder in (first, second):
        trust.load_verify_locations(folder / 'crt')
    status, page, serial = _read(found[1], 443, HOST, trust)
    assert status == 200
    assert not re.search(r'(src|href)="http://', page)
    renewed, count, failures = _renewed(
        found[1], 443, trust, serial, lambda: _kubectl(config, _secret(second))
    )
    measured(f'renewed after {renewed:.1f} s; {count} requests meanwhile, {len(failures)} failed')
    assert failures == []


def _read(address: str, port: int, host: str, trust: ssl.SSLContext) -> tuple[int, str, str]:
    """The status and text of the front page, and the serial number of the certificate that it came with."""
    connection = http.client.HTTPSConnection(host, timeout=20)
    raw = socket.create_connection((address, port), 20)
    try:
        connection.sock = wrapped = trust.wrap_socket(raw, server_hostname=host)
        # Afterwards the server may have closed it.
        found = wrapped.getpeercert() or {}
        name = host if port == 443 else f'{host}:{port}'
        connection.request('GET', '/', headers={'Host': name})
        answer = connection.getresponse()
        text = answer.read().decode(errors='replace')
    finally:
        connection.close()
        raw.close()
    return answer.status, text, str(found.get('serialNumber'))


def _renewed(
    address: str, port: int, trust: ssl.SSLContext, serial: str, renew: object
) -> tuple[float, int, list[str]]:
    """Have a visitor come again and again while *renew* runs, until another certificate is served."""
    assert callable(renew)
    failures: list[str] = []
    began = time.monotonic()
    worker = threading.Thread(target=renew)
    worker.start()
    count, seen = 0, serial
    while seen == serial and time.monotonic() - began < 60:
        count += 1
        try:
            status, _, seen = _read(address, port, HOST, trust)
        except OSError as err:
            failures.append(repr(err))
        else:
            if status != 200:
                failures.append(str(status))
    worker.join()
    if seen == serial:
        failures.append('the certificate is the same after 60 s')
    return time.monotonic() - began, count, failures


def _self_signed(folder: Path) -> Path:
    folder.mkdir()
    words = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30']
    names = ['-subj', f'/CN={HOST}', '-addext', f'subjectAltName=DNS:{HOST}']
    subprocess.run(
        ['openssl', *words, *names, '-keyout', folder / 'key', '-out', folder / 'crt'],
        check=True,
        capture_output=True,
    )
    return folder


def _secret(folder: Path) -> str:
    data = {f'tls.{name}': base64.b64encode((folder / name).read_bytes()).decode() for name in ('crt', 'key')}
    made = {
        'apiVersion': 'v1',
        'kind': 'Secret',
        'type': 'kubernetes.io/tls',
        'metadata': {'name': 'blog-tls'},
    }
    return json.dumps({**made, 'data': data})


def _kubectl(config: Path, text: str) -> None:
    # Our own server has no schemas to validate with.
    words = ['kubectl', '--kubeconfig', config, 'replace', '--force', '--validate=false', '-f', '-']
    process.run(words, stdin=text, timeout_s=60)
