"""What neither status nor bundle tells, from the controller's answers."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from hoodoo.juju import particulars


def test_only_what_somebody_brought_is_a_resource_to_carry() -> None:
    listed = [
        {'name': 'site', 'type': 'file', 'path': 'site.tar', 'origin': 'upload', 'fingerprint': 'YQ=='},
        {'name': 'none', 'type': 'file', 'path': 'x', 'origin': 'upload', 'fingerprint': ''},
        {'name': 'bought', 'type': 'file', 'path': 'y', 'origin': 'store', 'fingerprint': 'YQ=='},
    ]
    (found,) = particulars.resources({'results': [{'resources': listed}]})
    assert (found.name, found.type, found.path) == ('site', 'file', 'site.tar')
    for nothing in ({}, {'results': [{'resources': None}]}):
        assert particulars.resources(nothing) == ()


@pytest.mark.parametrize(
    ('content', 'image'),
    [
        (b'registrypath: docker.io/x:1\n', 'docker.io/x:1'),
        (b'{"ImageName": "x@sha256:0"}', 'x@sha256:0'),
        (b'{registrypath: x, username: u, password: p}', ''),
        (b'registrypath: oci:/var/kept:1', ''),
        (b'- x', ''),
        (b'{', ''),
        (b'\xff\xfe\xff', ''),
    ],
)
def test_an_image_is_named_where_others_can_have_it(content: bytes, image: str) -> None:
    assert particulars.image(content) == image


def _secret(**changes: Any) -> dict[str, Any]:
    data = {'user': base64.b64encode(b'u\n').decode(), 'key': base64.b64encode(b'\xff').decode()}
    return {'owner-tag': 'model-1', 'label': 'account', 'value': {'data': data}, **changes}


def test_a_secret_is_what_the_juju_program_takes() -> None:
    found = particulars.secret({'results': [_secret()]})
    assert found is not None
    assert (found.label, dict(found.content)) == ('account', {'user': 'u\n', 'key#base64': '/w=='})
    for other in ([], [_secret(), _secret()], [_secret(value={})], [_secret(**{'owner-tag': 'unit-a-0'})]):
        assert particulars.secret({'results': other}) is None


def test_settings_that_were_made_for_the_model_are_named() -> None:
    config = {
        'http-proxy': {'value': 'http://u:p@x', 'source': 'model'},
        'name': {'value': 'm', 'source': 'model'},
        'ftp-proxy': {'value': '', 'source': 'default'},
    }
    assert particulars.config({'config': config}) == ('http-proxy',)
