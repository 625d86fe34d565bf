"""OpenID Connect against a provider that lies: its tokens, its people, and who comes in beside it."""

from __future__ import annotations

import base64
import concurrent.futures
import hashlib
import hmac
import json
import threading
import time
import urllib.parse
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import site_of_image as site
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

Claims = dict[str, Any]


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b'=').decode()


class Issuer:
    """Signs whatever it is told to."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.be_honest()
        self.asked: dict[str, dict[str, str]] = {}
        """What the browser brought, by its code."""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

            def _send(self, status: int, answer: object) -> None:
                data = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header('Content-Length', str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def do_GET(self) -> None:
                numbers = outer.key.public_key().public_numbers()
                n = _text(numbers.n.to_bytes(256, 'big'))
                self._send(
                    200,
                    {
                        '/.well-known/openid-configuration': {
                            'issuer': outer.url,
                            'authorization_endpoint': f'{outer.url}/ask',
                            'token_endpoint': f'{outer.url}/token',
                            'userinfo_endpoint': f'{outer.url}/userinfo',
                            'jwks_uri': f'{outer.url}/keys',
                        },
                        '/keys': {'keys': [{'kty': 'RSA', 'kid': 'k', 'n': n, 'e': 'AQAB'}]},
                        '/userinfo': outer.userinfo,
                    }[self.path],
                )

            def do_POST(self) -> None:
                length = int(self.headers['Content-Length'])
                form = dict(urllib.parse.parse_qsl(self.rfile.read(length).decode()))
                asked = outer.asked.pop(form['code'], None)
                verifier = _text(hashlib.sha256(form['code_verifier'].encode()).digest())
                if asked is None or asked['code_challenge'] != verifier:
                    self._send(400, {'error': 'invalid_grant'})
                    return
                self._send(200, {'id_token': outer.token(asked), 'access_token': 'a'})

        self.server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.url = f'http://127.0.0.1:{self.server.server_address[1]}'
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={'poll_interval': 0.02})
        self.thread.start()

    def be_honest(self) -> None:
        """Forget what it was told to say."""
        self.head: Claims = {'alg': 'RS256', 'kid': 'k'}
        self.claims: Claims = {}
        self.userinfo: Claims = {}
        self.signer = 'the provider'

    def stop(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def sign(self, body: bytes) -> bytes:
        if self.signer == 'nobody':
            return b''
        if self.signer == 'who has the public key':
            kind = serialization.PublicFormat.SubjectPublicKeyInfo
            key = self.key.public_key().public_bytes(serialization.Encoding.PEM, kind)
            return hmac.digest(key, body, 'sha256')
        key = self.key if self.signer == 'the provider' else self.other
        return key.sign(body, padding.PKCS1v15(), hashes.SHA256())

    def token(self, asked: dict[str, str]) -> str:
        now = int(time.time())
        claims: Claims = {
            'iss': self.url,
            'aud': 'blog',
            'sub': 'ada',
            'iat': now,
            'exp': now + 60,
            'nonce': asked['nonce'],
            'groups': ['staff'],
            'preferred_username': 'ada',
            'email': 'ada@example.com',
        } | self.claims
        parts = [
            _text(json.dumps(one).encode())
            for one in (self.head, {name: value for name, value in claims.items() if value is not None})
        ]
        return '.'.join((*parts, _text(self.sign('.'.join(parts).encode()))))

    def code(self, location: str) -> str:
        """What the provider gives a browser that was sent to *location*."""
        asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(location).query))
        code = f'code-of-{asked["state"]}'
        self.asked[code] = asked
        return urllib.parse.urlencode({'code': code, 'state': asked['state']})


@pytest.fixture(scope='module')
def server() -> Iterator[Issuer]:
    running = Issuer()
    yield running
    running.stop()


@pytest.fixture
def issuer(server: Issuer) -> Issuer:
    server.be_honest()
    return server


@pytest.fixture
def unit(web: site.Unit, issuer: Issuer) -> site.Unit:
    """The site of this module, with *issuer*."""
    groups = {'staff': 'editor', 'chiefs': 'administrator'}
    oidc = {'issuer': issuer.url, 'client_id': 'blog', 'client_secret': 'x', 'group_map': groups}
    web.push(web.site | {'sso': {'oidc': oidc}})
    return web


def _log_in(unit: site.Unit, issuer: Issuer) -> tuple[site.Browser, site.Reply]:
    browser = site.Browser(unit)
    sent = browser.get('/-/sso/oidc')
    assert sent.status == 302, sent.text
    return browser, browser.get(f'/-/sso/oidc/callback?{issuer.code(sent.headers["location"])}')


_NOW = int(time.time())


_LIES: tuple[tuple[str, Claims, Claims], ...] = (
    ('nobody', {'alg': 'none'}, {}),
    ('who has the public key', {'alg': 'HS256'}, {}),
    ('somebody else', {}, {}),
    ('the provider', {}, {'iss': 'http://evil.example'}),
    ('the provider', {}, {'aud': ['blog', 'other']}),
    ('the provider', {}, {'exp': _NOW - 600}),
    ('the provider', {}, {'nonce': 'x'}),
)
_MORE_LIES: tuple[tuple[str, Claims, Claims], ...] = (
    ('the provider', {'kid': 'other'}, {}),
    ('the provider', {'crit': ['exp']}, {}),
    ('the provider', {'alg': 'ES256'}, {}),
    ('the provider', {}, {'aud': 'other'}),
    ('the provider', {}, {'azp': 'other'}),
    ('the provider', {}, {'exp': None}),
    ('the provider', {}, {'iat': _NOW + 6000}),
    ('the provider', {}, {'nonce': None}),
    ('the provider', {}, {'sub': None}),
    ('the provider', {}, {'sub': ['ada']}),
)


@pytest.mark.parametrize(
    ('signer', 'head', 'claims'),
    [*_LIES, *(pytest.param(*one, marks=pytest.mark.heavy) for one in _MORE_LIES)],
    ids=str,
)
def test_a_token_that_is_not_for_us_opens_nothing(
    unit: site.Unit, issuer: Issuer, signer: str, head: Claims, claims: Claims
) -> None:
    issuer.signer = signer
    issuer.head |= head
    issuer.claims = claims
    browser, reply = _log_in(unit, issuer)
    assert reply.status == 403, reply.text
    assert not [name for name in browser.cookies if 'logged_in' in name]


def test_an_answer_is_good_once_and_in_one_browser(unit: site.Unit, issuer: Issuer) -> None:
    browser = site.Browser(unit)
    first = issuer.code(browser.get('/-/sso/oidc').headers['location'])
    second = issuer.code(browser.get('/-/sso/oidc').headers['location'])
    cookies = dict(browser.cookies)
    assert site.Browser(unit).get(f'/-/sso/oidc/callback?{second}').status == 403
    assert browser.get(f'/-/sso/oidc/callback?{first}').status == 403
    browser.cookies = dict(cookies)
    mixed = f'/-/sso/oidc/callback?{second}&iss=http://evil.example'
    assert browser.get(mixed).status == 403
    browser.cookies = dict(cookies)
    assert browser.get(f'/-/sso/oidc/callback?{second}').status == 302
    browser.cookies = dict(cookies)
    assert browser.get(f'/-/sso/oidc/callback?{second}').status == 403


def test_people_whose_names_a_database_takes_for_one_are_not_one(
    unit: site.Unit, issuer: Issuer, base: site.Database
) -> None:
    seen: set[str] = set()
    for number, subject in enumerate(('jose', 'JOSÉ', 'jos\u200be ')):
        issuer.claims = {
            'sub': subject,
            'preferred_username': f'jose{number}',
            'email': f'{number}@example.com',
        }
        browser, reply = _log_in(unit, issuer)
        assert reply.status == 302, reply.text
        seen.add(
            next(value.partition('%7C')[0] for name, value in browser.cookies.items() if 'logged_in' in name)
        )
    assert seen == {f'jose{number}' for number in range(3)}


def test_a_person_who_comes_twice_at_once_is_one(
    unit: site.Unit, issuer: Issuer, base: site.Database
) -> None:
    issuer.claims = {'sub': 'eve', 'preferred_username': 'eve', 'email': 'eve@example.com'}
    browsers = [site.Browser(unit) for _ in range(6)]
    answers = [issuer.code(browser.get('/-/sso/oidc').headers['location']) for browser in browsers]
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        asked = [
            pool.submit(browser.get, f'/-/sso/oidc/callback?{answer}')
            for browser, answer in zip(browsers, answers, strict=True)
        ]
        assert {one.result().status for one in asked} == {302}
    rows = base.query(
        "SELECT COUNT(*) FROM wp_users WHERE user_login LIKE 'eve%'", database=unit.site['database']['name']
    )
    assert rows == [['1']]


def test_what_the_provider_says_of_somebody_else_takes_nothing_away(unit: site.Unit, issuer: Issuer) -> None:
    browser, _ = _log_in(unit, issuer)
    issuer.claims = {'groups': None}
    issuer.userinfo = {'sub': 'bob', 'groups': ['chiefs']}
    assert _log_in(unit, issuer)[1].status == 403
    assert browser.get('/wp-admin/').status == 200


def test_nobody_stays_by_a_password_whom_the_provider_no_longer_knows(
    unit: site.Unit, issuer: Issuer, base: site.Database
) -> None:
    browser, _ = _log_in(unit, issuer)
    made = browser.rest('POST', '/wp/v2/users/me', {'password': 'mine'})
    assert made.status == 200, made.text
    own = browser.rest('POST', '/wp/v2/users/me/application-passwords', {'name': 'script'})
    assert own.status in (401, 403, 501), own.text
    assert 'single sign-on only' in site.Browser(unit).log_in('ada', 'mine').text
    for name in ('ada', 'admin'):
        site.Browser(unit).get('/wp-login.php?action=lostpassword', form={'user_login': name})
    asked = "SELECT user_login FROM wp_users WHERE user_activation_key != ''"
    assert base.query(asked, database=unit.site['database']['name']) == [['admin']]
    # Who was there before is no matter of the provider.
    assert site.Browser(unit).log_in('admin', 'secret').status == 302
