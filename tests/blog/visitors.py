"""Visitors of a blog without a browser: they come through the ingress, or straight to a pod."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
import time
import urllib.parse
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Self

HOST = 'blog.example.com'
_TIMEOUT_S = 60


@dataclass(frozen=True, slots=True)
class Answer:
    """What an HTTP server said."""

    status: int
    headers: Mapping[str, str]
    text: str
    seconds: float

    def quotes(self, word: str) -> bool:
        """Tell whether *word* is anywhere in it."""
        return word in self.text or any(word in value for value in self.headers.values())


@dataclass
class Visitor:
    """A client of the blog at one address, who keeps cookies."""

    address: str
    host: str = HOST
    port: int = 8080
    certificate: Path | None = None
    """The only one that is trusted; without one the blog is asked without TLS."""
    always: Mapping[str, str] = field(default_factory=dict[str, str])
    """Headers of every request."""
    cookies: SimpleCookie = field(default_factory=SimpleCookie)

    def ask(self, method: str, path: str, form: Mapping[str, str] | None = None, **headers: str) -> Answer:
        """Ask for *path*; a header ``X_Name`` is sent as ``X-Name``."""
        given = {name.replace('_', '-'): text for name, text in headers.items()}
        sent = {'Host': self.host, **self.always, **given}
        body = None if form is None else urllib.parse.urlencode(form).encode()
        if body is not None:
            sent['Content-Type'] = 'application/x-www-form-urlencoded'
        if self.cookies:
            sent['Cookie'] = '; '.join(f'{key}={morsel.value}' for key, morsel in self.cookies.items())
        began = time.monotonic()
        with contextlib.closing(self._connection()) as connection:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            text = answer.read().decode(errors='replace')
        for header in answer.msg.get_all('Set-Cookie') or ():
            self.cookies.load(header)
        told = {key.lower(): value for key, value in answer.getheaders()}
        return Answer(answer.status, told, text, time.monotonic() - began)

    def log_in(self, user: str, password: str) -> Self:
        """Log in as a browser would."""
        self.ask('GET', '/wp-login.php')
        form = {'log': user, 'pwd': password, 'wp-submit': 'Log In', 'testcookie': '1'}
        answer = self.ask('POST', '/wp-login.php', form)
        assert answer.status == 302, answer.text[:500]
        assert any(name.startswith('wordpress_logged_in') for name in self.cookies)
        return self

    def is_logged_in(self) -> bool:
        """Tell whether the dashboard opens."""
        return self.ask('GET', '/wp-admin/profile.php').status == 200

    def _connection(self) -> http.client.HTTPConnection:
        if self.certificate is None:
            return http.client.HTTPConnection(self.address, self.port, timeout=_TIMEOUT_S)
        trust = ssl.create_default_context(cafile=str(self.certificate))
        connection = http.client.HTTPSConnection(HOST, timeout=_TIMEOUT_S, context=trust)
        raw = socket.create_connection((self.address, self.port), _TIMEOUT_S)
        connection.sock = trust.wrap_socket(raw, server_hostname=HOST)
        return connection


@contextlib.contextmanager
def asking(ask: Callable[[], Answer], *, every_s: float = 0) -> Generator[list[Answer]]:
    """Ask again and again while the block runs; the list has what was answered so far."""
    answers: list[Answer] = []
    enough = threading.Event()

    def go_on() -> None:
        while True:
            began = time.monotonic()
            try:
                answers.append(ask())
            except (OSError, http.client.HTTPException) as err:
                answers.append(Answer(0, {}, repr(err), 0))
            if enough.wait(max(0.0, began + every_s - time.monotonic())):
                return

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield answers
    finally:
        enough.set()
        thread.join()


def seconds_until(fact: Callable[[], bool], limit_s: float) -> float:
    """Return after how long a *fact* holds that no event tells this process of; *limit_s* and more if not."""
    began = time.monotonic()
    while time.monotonic() - began < limit_s:
        if fact():
            return time.monotonic() - began
        time.sleep(0.1)
    return time.monotonic() - began


def p95(values: list[float]) -> float:
    """Return the value that 95 of 100 do not exceed."""
    return sorted(values)[max(0, -(-95 * len(values) // 100) - 1)]
