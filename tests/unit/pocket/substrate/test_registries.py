"""What is decided about images in registries; the registry itself is in the integration tests."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from pathlib import Path

import pytest

from bedrock import errors
from bedrock.oci.model import ImageFault
from pocket.model.pods import OciReference
from pocket.substrate.pods import registries

DIGEST = f'sha256:{"0" * 64}'
ME = OciReference(path='reg.example:5000/a:1', username='me', password='hunter2')


@pytest.mark.parametrize(
    ('reference', 'is_open'),
    [
        (OciReference(path='ubuntu'), True),
        (OciReference(path='reg.example/a:1'), True),
        (OciReference(path='reg.example/a:1', digest=DIGEST), False),
        (OciReference(path=f'reg.example/a@{DIGEST}'), False),
        (OciReference(path=f'reg.example/a:1@{DIGEST}'), False),
        (OciReference(path='oci:/folder:1'), False),
        (OciReference(path='oci-archive:/file'), False),
    ],
)
def test_only_a_tag_of_a_registry_has_to_be_looked_up(reference: OciReference, is_open: bool) -> None:
    assert registries.is_open(reference) is is_open


@pytest.mark.parametrize(
    ('name', 'registry', 'is_loopback'),
    [
        ('ubuntu', 'docker.io', False),
        ('ubuntu:24.04', 'docker.io', False),
        ('me/app', 'docker.io', False),
        ('a.b/c', 'a.b', False),
        ('localhost/c', 'localhost', True),
        ('localhost:32000/c:1', 'localhost:32000', True),
        ('127.0.0.1:5000/c', '127.0.0.1:5000', True),
        ('127.1.2.3/c', '127.1.2.3', True),
        ('localhost.example.com/c', 'localhost.example.com', False),
        ('127.0.0.1.example.com:5000/c', '127.0.0.1.example.com:5000', False),
        ('10.0.0.1:5000/c', '10.0.0.1:5000', False),
        ('0.0.0.0:5000/c', '0.0.0.0:5000', False),
    ],
)
def test_the_password_is_for_the_registry_alone(name: str, registry: str, is_loopback: bool) -> None:
    assert registries.registry_of(name) == registry
    assert registries.is_loopback(registry) is is_loopback
    found = registries.credentials(OciReference(path=name, username='u', password='p'))
    assert found == {'auths': {registry: {'auth': base64.b64encode(b'u:p').decode()}}}


def test_a_digest_is_of_the_very_bytes() -> None:
    raw = b'{ "schemaVersion": 2,\n "manifests": [] }\n'
    assert registries.digest_of(raw, name='a') == f'sha256:{hashlib.sha256(raw).hexdigest()}'
    for other in (b'{"schemaVersion": 1}', b'{}', b'[]', b'no JSON'):
        with pytest.raises(ImageFault):
            registries.digest_of(other, name='a')


@pytest.mark.parametrize(
    ('said', 'why'),
    [
        ('reading manifest 1 in reg.example/a: manifest unknown: manifest unknown', 'has no such image'),
        ('reading manifest 1 in reg.example/a: name unknown: repository name not known', 'has no such image'),
        ('unauthorized: authentication required', 'refuses the username and the password'),
        ('invalid username/password: unauthorized: access', 'refuses the username and the password'),
        ('requested access to the resource is denied', 'refuses the username and the password'),
        ('pinging: http: server gave HTTP response to HTTPS client', 'speaks plain HTTP'),
        ('x509: certificate signed by unknown authority', 'certs.d/reg.example:5000/ca.crt'),
        ('dial tcp 10.0.0.1:5000: connect: connection refused', 'does not answer'),
        ('dial tcp: lookup reg.example: no such host', 'does not answer'),
        ('net/http: TLS handshake timeout', 'does not answer'),
        ('no image found in manifest list for architecture "s390x"', 'not for machines like this one'),
        ('something else', 'something else'),
    ],
)
def test_what_skopeo_says_is_told_with_its_reason(said: str, why: str) -> None:
    line = f'time="2026-01-01T00:00:00Z" level=fatal msg={json.dumps(said)}'
    told = registries.explain(f'time="x" level=warning msg="of no matter"\n{line}\n', ME)
    assert why in told
    assert said in told
    assert 'level=' not in told
    quoted = json.dumps(f'Error parsing image name "docker://{ME.path}": {said}')
    named = registries.explain(f'level=fatal msg={quoted}', ME)
    assert named == told


def test_no_password_is_told_in_any_form() -> None:
    pair = base64.b64encode(b'me:hunter2').decode()
    told = registries.explain(f'level=fatal msg="a hunter2 and {pair}"', ME)
    assert told == 'a *** and ***'
    assert registries.explain('', ME) == 'skopeo said nothing'
    assert len(registries.explain('x' * 5000, ME)) < 500
    assert registries.explain('level=fatal msg="not \\q JSON"', ME) == 'not \\q JSON'
    nobody = OciReference(path='reg.example/a:1')
    assert 'password that the resource lacks' in registries.explain(
        'unauthorized: authentication required', nobody
    )


async def test_without_skopeo_its_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('PATH', str(tmp_path))
    with pytest.raises(errors.Fault, match='it is in the package skopeo') as caught:
        await registries.resolve(ME)
    assert 'apt-get install skopeo' in caught.value.hint
    assert 'hunter2' not in errors.render(caught.value)


async def test_skopeo_hears_of_the_password_by_a_file_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Stands in for the program only: it notes what it was told.
    program = tmp_path / 'bin/skopeo'
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\nset -e\nprintf "%s\\n" "$@" >{tmp_path}/said\nenv >>{tmp_path}/said\n'
        f'for word; do case $word in --*authfile=*) stat -Lc %a,%u "${{word#*=}}" >{tmp_path}/mode;'
        f' readlink "${{word#*=}}" >>{tmp_path}/mode; cat "${{word#*=}}" >{tmp_path}/auth;; esac; done\n'
        'echo \'{"schemaVersion": 2}\'\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv('PATH', str(program.parent), prepend=':')
    await registries.resolve(ME)
    asked = (tmp_path / 'said').read_text()
    assert asked.startswith('inspect\n--raw\n--authfile=')
    await registries.fetch(ME, DIGEST, tmp_path / 'layout')
    copied = (tmp_path / 'said').read_text()
    assert f'docker://reg.example:5000/a@{DIGEST}\noci:{tmp_path}/layout:image\n' in copied
    secrets = ('hunter2', base64.b64encode(b'me:hunter2').decode())
    assert not [text for text in (asked, copied) for secret in secrets if secret in text]
    assert json.loads((tmp_path / 'auth').read_text()) == registries.credentials(ME)
    mode, link = (tmp_path / 'mode').read_text().splitlines()
    assert mode == f'600,{os.getuid()}'
    assert link.startswith('/memfd:'), 'it is in no folder'
