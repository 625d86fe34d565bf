"""Single sign-on: a small OpenID 2.0 provider here (Launchpad's calls), oidc-provider-mock for OIDC."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import site_of_image as site

MakeUnit = Callable[..., site.Unit]
NS = 'http://specs.openid.net/auth/2.0'
TEAMS = 'http://ns.launchpad.net/2007/openid-teams'
SREG = 'http://openid.net/extensions/sreg/1.1'


class Provider:
    """Says yes to whoever is set, for the teams that are set."""

    def __init__(self) -> None:
        self.nickname = 'jan'
        self.teams = 'staff'
        self.valid = True
        self.checked: list[dict[str, str]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

            def _send(self, text: str, kind: str) -> None:
                self.send_response(200)
                self.send_header('Content-Type', kind)
                self.end_headers()
                self.wfile.write(text.encode())

            def do_GET(self) -> None:
                kind = 'signon' if self.path.startswith('/+id/') else 'server'
                self._send(
                    '<?xml version="1.0"?><xrds:XRDS xmlns:xrds="xri://$xrds" xmlns="xri://$xrd*($v*2.0)"><XRD>'
                    '<Service priority="0">'
                    f'<Type>{NS}/{kind}</Type><URI>{outer.url}/+openid</URI></Service></XRD></xrds:XRDS>',
                    'application/xrds+xml',
                )

            def do_POST(self) -> None:
                form = dict(
                    urllib.parse.parse_qsl(self.rfile.read(int(self.headers['Content-Length'])).decode())
                )
                outer.checked.append(form)
                good = (
                    outer.valid
                    and form['openid.mode'] == 'check_authentication'
                    and form['openid.sig'] == 'good'
                )
                self._send(f'ns:{NS}\nis_valid:{"true" if good else "false"}\n', 'text/plain')

        self.server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.url = f'http://127.0.0.1:{self.server.server_address[1]}'
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={'poll_interval': 0.02})
        self.thread.start()

    def stop(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def answer(self, location: str, **more: str) -> dict[str, str]:
        """The parameters with which the provider sends the browser back."""
        asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(location).query))
        assert asked['openid.mode'] == 'checkid_setup'
        assert 'staff' in asked['openid.lp.query_membership'].split(',')
        now = datetime.now(UTC).strftime('%Y-%m-%dT%H:%M:%SZ')
        got = {
            'openid.ns': NS,
            'openid.mode': 'id_res',
            'openid.op_endpoint': f'{self.url}/+openid',
            'openid.claimed_id': f'{self.url}/+id/{self.nickname}',
            'openid.identity': f'{self.url}/+id/{self.nickname}',
            'openid.return_to': asked['openid.return_to'],
            'openid.response_nonce': now + asked['openid.return_to'][-8:],
            'openid.assoc_handle': 'h',
            'openid.ns.t': TEAMS,
            'openid.t.is_member': self.teams,
            'openid.ns.s': SREG,
            'openid.s.nickname': self.nickname,
            'openid.s.email': f'{self.nickname}@example.com',
        } | more
        signed = [name.removeprefix('openid.') for name in got if name not in ('openid.ns', 'openid.mode')]
        return got | {'openid.signed': ','.join(signed), 'openid.sig': 'good'} | more


@pytest.fixture
def provider() -> Iterator[Provider]:
    running = Provider()
    yield running
    running.stop()


def _back(browser: site.Browser, location: str, more: dict[str, str]) -> site.Reply:
    parts = urllib.parse.urlsplit(location)
    query = urllib.parse.urlencode(dict(urllib.parse.parse_qsl(parts.query)) | more)
    return browser.get(f'{parts.path}?{query}')


def _roles(base: site.Database, unit: site.Unit, login: str) -> str:
    text = (
        'SELECT meta_value FROM wp_usermeta m JOIN wp_users u ON u.ID = m.user_id '
        f"WHERE user_login = '{login}' AND meta_key = 'wp_capabilities'"
    )
    return base.query(text, database=unit.site['database']['name'])[0][0]


def test_openid_teams(make_unit: MakeUnit, base: site.Database, provider: Provider) -> None:
    openid = {'provider': f'{provider.url}/', 'team_map': {'staff': 'editor', 'chiefs': 'administrator'}}
    unit = make_unit(sso={'openid': openid})
    assert unit.install()['ok']
    unit.start()
    assert '/-/sso/openid' in unit.get('/wp-login.php').text

    def log_in(**more: str) -> tuple[site.Browser, site.Reply]:
        browser = site.Browser(unit)
        sent = browser.get('/-/sso/openid')
        assert sent.status == 302, sent.text
        got = provider.answer(sent.headers['location'], **more)
        return browser, _back(browser, got['openid.return_to'], got)

    browser, reply = log_in()
    assert reply.status == 302, reply.text
    assert browser.get('/wp-admin/').status == 200
    assert 'editor' in _roles(base, unit, 'jan')
    provider.teams = 'staff,chiefs'
    assert log_in()[1].status == 302
    assert 'administrator' in _roles(base, unit, 'jan')
    provider.teams = 'others'
    refused = log_in()[1]
    assert refused.status == 403
    assert 'none of the teams' in refused.text
    assert _roles(base, unit, 'jan') == 'a:0:{}'
    assert browser.get('/wp-admin/').status == 302
    provider.teams = 'chiefs'
    provider.nickname = 'admin'
    assert log_in()[1].status == 302
    assert 'administrator' in _roles(base, unit, 'admin-2')

    def refused_when(**more: str) -> None:
        assert log_in(**{f'openid.{name}': value for name, value in more.items()})[1].status == 403

    refused_when(sig='bad')
    refused_when(op_endpoint='http://evil.example/')
    refused_when(claimed_id=f'{provider.url.rpartition(":")[0]}:1/+id/jan')
    refused_when(claimed_id='http://evil.example/+id/admin')
    refused_when(return_to='https://blog.example.com/-/sso/openid/callback?state=0')
    refused_when(response_nonce='2020-01-01T00:00:00Zx')
    refused_when(mode='cancel')
    refused_when(signed='op_endpoint,return_to,response_nonce,assoc_handle,claimed_id,identity')
    # The same answer a second time, and in a browser that asked for nothing.
    browser = site.Browser(unit)
    sent = browser.get('/-/sso/openid')
    got = provider.answer(sent.headers['location'])
    cookie = dict(browser.cookies)
    assert _back(site.Browser(unit), got['openid.return_to'], got).status == 403
    assert _back(browser, got['openid.return_to'], got).status == 302
    browser.cookies = cookie
    assert _back(browser, got['openid.return_to'], got).status == 403
    # A long answer comes as a form, from a page of the provider's.
    browser = site.Browser(unit)
    sent = browser.get('/-/sso/openid')
    assert '__Host-hoodoo_sso=' in sent.headers['set-cookie']
    assert 'samesite=none' in sent.headers['set-cookie'].lower()
    got = provider.answer(sent.headers['location'])
    assert browser.get('/' + got['openid.return_to'].split('/', 3)[3], form=got).status == 302


@pytest.mark.filterwarnings('ignore')
@pytest.mark.heavy
def test_oidc_groups(make_unit: MakeUnit, base: site.Database) -> None:
    mock = pytest.importorskip('oidc_provider_mock')
    with mock.run_server_in_thread() as server:
        issuer = f'http://localhost:{server.server_port}'
        oidc = {
            'issuer': issuer,
            'client_id': 'blog',
            'client_secret': 'x',
            'group_map': {'staff': 'author', 'chiefs': 'administrator'},
        }
        unit = make_unit(sso={'oidc': oidc})
        assert unit.install()['ok']
        unit.start()

        def groups(*names: str) -> None:
            body = json.dumps(
                {'groups': names, 'preferred_username': 'ada', 'email': 'ada@example.com'}
            ).encode()
            ask = urllib.request.Request(
                f'{issuer}/users/ada', data=body, method='PUT', headers={'Content-Type': 'application/json'}
            )
            urllib.request.urlopen(ask).close()

        class Stay(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *args: Any, **kwargs: Any) -> None:
                return None

        def log_in(state: str = '') -> tuple[site.Browser, site.Reply]:
            browser = site.Browser(unit)
            sent = browser.get('/-/sso/oidc')
            assert sent.status == 302, sent.text
            form = urllib.parse.urlencode({'sub': 'ada'}).encode()
            opener = urllib.request.build_opener(Stay())
            try:
                opener.open(sent.headers['location'], form)
                raise AssertionError('not redirected')
            except urllib.error.HTTPError as answer:
                back = answer.headers['Location']
                answer.close()
            return browser, _back(browser, back, {'state': state} if state else {})

        groups('staff')
        browser, reply = log_in()
        assert reply.status == 302, reply.text
        assert browser.get('/wp-admin/').status == 200
        assert 'author' in _roles(base, unit, 'ada')
        groups('chiefs')
        assert log_in()[1].status == 302
        assert 'administrator' in _roles(base, unit, 'ada')
        assert log_in(state='0')[1].status == 403
        groups('others')
        refused = log_in()[1]
        assert refused.status == 403
        assert 'none of the teams' in refused.text
