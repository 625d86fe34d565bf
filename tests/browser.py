"""Chromium, driven by its own protocol: pages are gone to, filled in and read as a person would."""

from __future__ import annotations

import base64
import contextlib
import functools
import hashlib
import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import urllib.parse
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from websockets.sync import client

from tests import cutoff

_PATIENCE_S = 60.0
_FLAGS = (
    *('--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'),
    *('--disable-background-networking', '--disable-component-update', '--disable-dev-shm-usage'),
    *('--disable-extensions', '--mute-audio', '--window-size=1280,900', '--remote-debugging-port=0'),
)


_NUMBERS = itertools.count(1)
_COMPLAINTS: list[str] = []
_COMPLETE = """new Promise(resolve =>
    document.readyState === 'complete' ? resolve() : addEventListener('load', () => resolve()))"""


class Page:
    """One tab. A name of an element is a CSS selector."""

    def __init__(self, connection: client.ClientConnection, session: str) -> None:
        self._connection, self._session = connection, session
        for domain in ('Page', 'Runtime', 'DOM', 'Log'):
            self.call(f'{domain}.enable')

    def call(self, method: str, **params: object) -> dict[str, Any]:
        """Call a method of the protocol."""
        return _call(self._connection, method, self._session, params)

    def go(self, address: str) -> None:
        """Go to a page; it is loaded then."""
        told = self.call('Page.navigate', url=address)
        assert 'errorText' not in told, told
        self.run(_COMPLETE)

    def run(self, script: str) -> Any:
        """Run a script in the page and return its value; a promise is waited for."""
        told = self.call(
            'Runtime.evaluate', expression=script, awaitPromise=True, returnByValue=True, userGesture=True
        )
        if fault := told.get('exceptionDetails'):
            raise AssertionError(json.dumps(fault.get('exception', fault))[:800])
        return told['result'].get('value')

    def wait(self, condition: str, *, timeout_s: float = 30) -> None:
        """Wait until the script *condition* is true; the page is looked at whenever it changes."""
        text = json.dumps(condition)
        found = self.run(f"""new Promise(resolve => {{
            const holds = () => {{ try {{ return !!eval({text}) }} catch {{ return false }} }};
            if (holds()) return resolve(true);
            const done = value => {{ watcher.disconnect(); clearInterval(clock); resolve(value) }};
            const look = () => {{ if (holds()) done(true) }};
            const watcher = new MutationObserver(look);
            watcher.observe(document, {{subtree: true, childList: true, attributes: true}});
            const clock = setInterval(look, 100);
            setTimeout(() => done(false), {timeout_s * 1000});
        }})""")
        assert found, (
            f'never true in {timeout_s:g} s: {condition}\n{self.text()[:1500]}\n{self._complaints()}'
        )

    def _complaints(self) -> str:
        """What Chromium said about the pages so far."""
        return '\n'.join(_COMPLAINTS)

    def fill(self, fields: Mapping[str, str]) -> None:
        """Type into fields, by their names."""
        for name, text in fields.items():
            self.run(f"(e => {{ e.focus(); e.value = '' }})(document.querySelector({json.dumps(name)}))")
            self.call('Input.insertText', text=text)

    def click(self, name: str, *, leads_on: bool = False) -> None:
        """Click an element; when it *leads_on*, the next page is loaded afterwards."""
        script = f'document.querySelector({json.dumps(name)}).click()'
        if not leads_on:
            self.run(script)
            return
        # The next page does not know what this one was told.
        self.run(f'window.isLeft = true; setTimeout(() => {script}, 0); 0')
        while True:
            with contextlib.suppress(AssertionError):
                if not self.run('!!window.isLeft'):
                    self.run(_COMPLETE)
                    return
            self._connection.recv(timeout=_PATIENCE_S)

    def choose_file(self, name: str, path: Path) -> None:
        """Choose a file in a field of a form."""
        root = self.call('DOM.getDocument', depth=0)['root']['nodeId']
        node = self.call('DOM.querySelector', nodeId=root, selector=name)['nodeId']
        self.call('DOM.setFileInputFiles', nodeId=node, files=[str(path)])

    def text(self) -> str:
        """Return what can be read on the page."""
        return str(self.run('document.body ? document.body.innerText : ""'))

    def address(self) -> str:
        """Return where the page is."""
        return str(self.run('location.href'))

    def photograph(self, path: Path) -> None:
        """Keep a picture of the page."""
        path.write_bytes(base64.b64decode(self.call('Page.captureScreenshot')['data']))


class Browser:
    """A running Chromium."""

    def __init__(self, connection: client.ClientConnection) -> None:
        self._connection = connection

    def person(self) -> Page:
        """Return an empty tab that shares no cookies with any other."""
        context = _call(self._connection, 'Target.createBrowserContext', '', {})['browserContextId']
        wanted = {'url': 'about:blank', 'browserContextId': context}
        target = _call(self._connection, 'Target.createTarget', '', wanted)['targetId']
        attach = {'targetId': target, 'flatten': True}
        return Page(
            self._connection, _call(self._connection, 'Target.attachToTarget', '', attach)['sessionId']
        )


@contextlib.contextmanager
def chromium(*, host: str, address: str, certificate: Path) -> Generator[Browser]:
    """Start Chromium; it finds *host* at *address* and accepts that *certificate* besides public ones.

    It gives up what it is loading when links of the host come or go, so it is in a network of its own.
    """
    if not shutil.which('chromium'):
        pytest.skip('there is no chromium')
    key = x509.load_pem_x509_certificate(certificate.read_bytes()).public_key()
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    pin = base64.b64encode(hashlib.sha256(der).digest()).decode()
    folder = Path(tempfile.mkdtemp(prefix='chromium-'))
    argv = [
        *('chromium', *_FLAGS, f'--user-data-dir={folder}', f'--ignore-certificate-errors-spki-list={pin}'),
        f'--host-resolver-rules=MAP {host} 127.0.0.1, MAP * ~NOTFOUND',
        'about:blank',
    ]
    env = {**os.environ, 'HOME': str(folder)}
    with (folder / 'log').open('wb') as log, cutoff.network(address, 443) as thread:
        start = functools.partial(
            subprocess.Popen[bytes],
            argv,
            env=env,
            stdout=log,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        running: subprocess.Popen[bytes] = thread.submit(start).result()
        said = running.stderr
        assert said
        # Whatever it says after its address is only kept.
        rest = threading.Thread(target=shutil.copyfileobj, args=(said, log))
        try:
            control: str = next(
                line.split()[-1].decode() for line in said if b'DevTools listening on' in line
            )
            rest.start()
            where = ('127.0.0.1', urllib.parse.urlsplit(control).port)
            door = thread.submit(socket.create_connection, where, _PATIENCE_S).result()
            with client.connect(control, sock=door, max_size=None, open_timeout=_PATIENCE_S) as connection:
                yield Browser(connection)
        finally:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()
            if rest.ident:
                rest.join()
            said.close()
            shutil.rmtree(folder, ignore_errors=True)


def _call(
    connection: client.ClientConnection, method: str, session: str, params: Mapping[str, object]
) -> dict[str, Any]:
    number = next(_NUMBERS)
    request = {
        'id': number,
        'method': method,
        'params': params,
        **({'sessionId': session} if session else {}),
    }
    connection.send(json.dumps(request))
    while True:
        told = json.loads(connection.recv(timeout=_PATIENCE_S))
        if told.get('method') in ('Log.entryAdded', 'Runtime.exceptionThrown'):
            _COMPLAINTS.append(json.dumps(told['params'])[:400])
        if told.get('id') == number:
            assert 'error' not in told, f'{method}: {told.get("error")}'
            return told['result']
