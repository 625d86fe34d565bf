"""Akismet as the image has it, against a server that speaks its public API under its own name."""

from __future__ import annotations

import itertools
import json
import secrets
import ssl
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import neighbours
import pytest
import site_of_image as site

MakeUnit = Callable[..., site.Unit]
NAME = 'rest.akismet.com'
ADDRESS = '127.0.0.77'
KEYS = ('abcdef123456', 'fedcba654321')
WRONG = 'aaaaaaaaaaaa'
SPAM = 'buy-cheap-watches'
_NUMBERS = itertools.count(1)
pytestmark = pytest.mark.heavy


class _Akismet(BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass

    def do_POST(self) -> None:
        server: Any = self.server
        given = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers['Content-Length'])).decode()))
        verb = self.path.removeprefix('/1.1/')
        key = given.get('key', '') if verb == 'verify-key' else given.get('api_key', '')
        server.asked.append((verb, key, given))
        if key not in KEYS:
            return self._answer('invalid', alert='10010')
        if verb == 'verify-key':
            return self._answer('valid')
        if verb == 'comment-check':
            return self._answer('true' if SPAM in given['comment_content'] else 'false')
        if verb in ('submit-spam', 'submit-ham'):
            return self._answer('Thanks for making the web a better place.')
        return self._answer('{}')

    def _answer(self, text: str, *, alert: str = '') -> None:
        self.send_response(200)
        # The plugin knows its comment again by this.
        self.send_header('X-akismet-guid', secrets.token_hex(16))
        if alert:
            self.send_header('X-akismet-alert-code', alert)
            self.send_header('X-akismet-alert-msg', 'that key is not known')
        self.send_header('Content-Length', str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())


class _Api:
    """The server, and what it was asked since last time."""

    def __init__(self, folder: Path) -> None:
        self.authority = folder / 'ca.pem'
        key = folder / 'key.pem'
        neighbours.certificate(self.authority, key, NAME)
        self.server = ThreadingHTTPServer((ADDRESS, 443), _Akismet)
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        vars(self.server)['asked'] = self.asked
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.authority, key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self._thread = threading.Thread(target=self.server.serve_forever, kwargs={'poll_interval': 0.02})
        self._thread.start()

    def heard(self) -> list[tuple[str, str]]:
        found = [(verb, key) for verb, key, _ in self.asked]
        self.asked.clear()
        return found

    def stop(self) -> None:
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()


@pytest.fixture
def api(tmp_path: Path) -> Iterator[_Api]:
    running = _Api(tmp_path)
    yield running
    running.stop()


@pytest.fixture
def blog(make_unit: MakeUnit, api: _Api) -> site.Unit:
    """A site that finds the server where it looks for Akismet."""
    unit = make_unit(trusted_proxies=['127.0.0.0/8'])
    unit.hosts.write_text(f'127.0.0.1 localhost\n{ADDRESS} {NAME}\n')
    unit.authorities.write_bytes(api.authority.read_bytes())
    assert unit.install()['ok']
    options = {'akismet_strictness': '0', 'comment_previously_approved': '0', 'comment_moderation': '0'}
    assert unit.wpctl('apply', {'options': options, 'plugins': {'activate': ['akismet']}})['ok']
    unit.start()
    return unit


def _comment(unit: site.Unit, text: str) -> int:
    """Have a stranger write it; returns how that was answered."""
    number = next(_NUMBERS)
    form = {
        'author': 'A stranger',
        'email': f'stranger{number}@example.org',
        'comment': text,
        'comment_post_ID': '1',
        'comment_parent': '0',
    }
    # Who writes twice in 15 seconds is refused.
    headers = {'X-Forwarded-For': f'192.0.2.{number}', 'X-Forwarded-Proto': 'https'}
    return site.Browser(unit).get('/wp-comments-post.php', form=form, headers=headers).status


def _comments(base: site.Database, unit: site.Unit) -> dict[str, str]:
    """What is kept of each comment: spam, 1 (shown) or 0 (held)."""
    query = 'SELECT comment_content, comment_approved FROM wp_comments WHERE comment_ID > 1'
    return {row[0]: row[1] for row in base.query(query, database=unit.site['database']['name'])}


def test_18_the_key_is_followed_and_spam_is_found(blog: site.Unit, base: site.Database, api: _Api) -> None:
    """Test 18: set, changed, wrong, cleared; and what a person says of a comment is told."""
    blog.push(blog.site | {'akismet_key': KEYS[0]})
    assert _comment(blog, f'{SPAM} here') == 302
    assert api.heard() == [('comment-check', KEYS[0])]
    assert _comment(blog, 'a good word') == 302
    assert api.asked[0][2]['blog'] == 'https://blog.example.com'
    assert _comments(base, blog) == {f'{SPAM} here': 'spam', 'a good word': '1'}
    page = blog.get(urllib.parse.urlsplit(blog.get('/?p=1').headers['location']).path).text
    assert (SPAM in page, 'a good word' in page) == (False, True)

    api.heard()
    blog.push(blog.site | {'akismet_key': KEYS[1]})
    assert _comment(blog, f'{SPAM} again') == 302
    assert api.heard() == [('comment-check', KEYS[1])]

    browser = site.Browser(blog)
    browser.log_in('admin', 'secret')
    numbers = dict(
        base.query(
            'SELECT comment_content, comment_ID FROM wp_comments', database=blog.site['database']['name']
        )
    )
    form = {'Content-Type': 'application/x-www-form-urlencoded'}
    for text, status, verb in (
        ('a good word', 'spam', 'submit-spam'),
        (f'{SPAM} here', 'approved', 'submit-ham'),
    ):
        path = f'/wp/v2/comments/{numbers[text]}'
        said = browser.rest('POST', path, raw=f'status={status}'.encode(), headers=form)
        assert json.loads(said.text)['status'] == status
        assert api.heard() == [(verb, KEYS[1])]

    blog.push(blog.site | {'akismet_key': WRONG})
    assert _comment(blog, f'{SPAM} unknown') == 302
    assert _comments(base, blog)[f'{SPAM} unknown'] == '0', 'held for a person, because nobody judged it'
    assert 'that key is not known' in browser.get('/wp-admin/edit-comments.php').text
    assert api.heard() == [('comment-check', WRONG), ('verify-key', WRONG)]

    blog.push(blog.site | {'akismet_key': ''})
    assert blog.wpctl('apply', {'plugins': {'deactivate': ['akismet']}})['changed'] == ['plugin:-akismet']
    assert _comment(blog, f'{SPAM} unseen') == 302
    assert api.heard() == []
    assert blog.wpctl('export', {'path': '/tmp/d.sql'})['ok']
    said = blog.log.read_text() + (blog.scratch / 'd.sql').read_text()
    assert [key for key in (*KEYS, WRONG) if key in said] == []


def test_18_the_key_is_sent_to_nobody_who_cannot_prove_to_be_akismet(
    blog: site.Unit, base: site.Database, api: _Api
) -> None:
    """The plugin would try without TLS when TLS fails; the comment is held instead."""
    blog.authorities.write_bytes(b'')
    blog.push(blog.site | {'akismet_key': KEYS[0]})
    plain: list[bytes] = []

    class Listener(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

        def do_POST(self) -> None:
            plain.append(self.rfile.read(int(self.headers['Content-Length'])))
            self.send_error(400)

    listener = ThreadingHTTPServer((ADDRESS, 80), Listener)
    thread = threading.Thread(target=listener.serve_forever, kwargs={'poll_interval': 0.02})
    thread.start()
    try:
        assert _comment(blog, 'a word') == 302
    finally:
        listener.shutdown()
        thread.join()
        listener.server_close()
    assert plain == []
    assert api.heard() == []
    assert _comments(base, blog) == {'a word': '0'}
