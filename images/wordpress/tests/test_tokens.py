"""Signatures of tokens that providers of OIDC make with keys on a curve."""

from __future__ import annotations

import base64
import json
import subprocess

import site_of_image as site
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

_PHP = """
require '/usr/lib/wordpress-image/autoload.php';
[$token, $keys] = json_decode(stream_get_contents(STDIN), true);
try { echo json_encode(WordPressImage\\Sso\\Jwt::claims($token, $keys)); }
catch (WordPressImage\\Sso\\Refused $refused) { echo 'refused'; }
"""


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b'=').decode()


def _claims(unit: site.Unit, token: str, key: dict[str, str]) -> str:
    asked = json.dumps([token, [key]])
    done = subprocess.run(unit.enter('/usr/bin/php', '-r', _PHP), input=asked.encode(), capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def test_es256(web: site.Unit) -> None:
    for _ in range(4):
        private = ec.generate_private_key(ec.SECP256R1())
        numbers = private.public_key().public_numbers()
        known = {'kty': 'EC', 'crv': 'P-256', 'kid': 'k', 'x': _text(numbers.x.to_bytes(32, 'big'))}
        known['y'] = _text(numbers.y.to_bytes(32, 'big'))
        head = _text(json.dumps({'alg': 'ES256', 'kid': 'k'}).encode())
        body = f'{head}.{_text(json.dumps({"sub": "ada"}).encode())}'
        r, s = utils.decode_dss_signature(private.sign(body.encode(), ec.ECDSA(hashes.SHA256())))
        signature = r.to_bytes(32, 'big') + s.to_bytes(32, 'big')
        assert json.loads(_claims(web, f'{body}.{_text(signature)}', known)) == {'sub': 'ada'}
        wrong = bytes([signature[0] ^ 1]) + signature[1:]
        assert _claims(web, f'{body}.{_text(wrong)}', known) == 'refused'
