"""People are told through apprise by a real server, which may be out of order."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from hoodoo.ci.watch import config, history, telling
from tests.integration.hoodoo.watching.conftest import Site

# apprise, for one of its services, imports what Python 3.13 no longer has.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

HOUR_MS = 3_600_000


class Inbox(http.server.ThreadingHTTPServer):
    status = 200

    def __init__(self) -> None:
        super().__init__(('127.0.0.1', 0), _Handler)
        self.got: list[dict[str, Any]] = []

    @property
    def url(self) -> str:
        return f'json://user:letmein99@127.0.0.1:{self.server_address[1]}/'


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Inbox  # pyright: ignore[reportIncompatibleVariableOverride]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers['Content-Length']))
        if self.server.status == 200:
            self.server.got.append(json.loads(body))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def inbox() -> Generator[Inbox]:
    with Inbox() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={'poll_interval': 0.05})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def _told(folder: Path, inbox: Inbox) -> tuple[history.History, config.Config]:
    """A revision that failed, with somebody to tell."""
    (folder / 'address').write_text(f'{inbox.url}\n')
    spec = config.Spec(name='a', path='a', env=(('API_TOKEN', 'tr0ub4dor&3'),))
    repository = config.Repository(name='specs', url='https://git.example.com/x', poll_s=60, specs=(spec,))
    target = config.Target(
        name='team',
        source=config.Source(file=folder / 'address'),
        on=('failure',),
        repositories=('*',),
    )
    watched = config.Config(
        file=folder / 'ci.yaml',
        concurrency=1,
        repositories=(repository,),
        listen=None,
        targets=(target,),
    )
    kept = history.History(folder / 'ci.db')
    new = history.New(spec='a', branch='main', commit='c' * 40, committed_ms=1)
    assert kept.saw('specs', (), (new,), now_ms=2) == 1
    (folder / 'out').mkdir()
    (folder / 'out' / 'summary.md').write_text('## failed: `a`\n\nit said tr0ub4dor&3 <b>\n')
    kept.begin(1, reports=str(folder / 'out'), now_ms=3)
    kept.end(1, verdict='failed', why='w', attempt=0, now_ms=4, tell=[('team', 'failure')])
    return kept, watched


def test_a_notice_is_sent_once_when_it_can_be(tmp_path: Path, inbox: Inbox) -> None:
    kept, watched = _told(tmp_path, inbox)
    said: list[str] = []
    now = [1000]
    teller = telling.Teller(config=watched, history=kept, told=said.append, now_ms=lambda: now[0])
    inbox.status = 500
    assert teller.tell_due() == 30.0
    assert teller.tell_due() == 30.0, 'it is not due yet'
    (line,) = said
    assert line.startswith('cannot tell team of revision 1: ')
    assert '500' in line
    assert 'letmein99' not in line
    kept.close()

    # Another watcher knows of it, too.
    kept = history.History(tmp_path / 'ci.db')
    teller = telling.Teller(config=watched, history=kept, told=said.append, now_ms=lambda: now[0])
    inbox.status = 200
    now[0] += 30_000
    assert teller.tell_due() is None, said
    assert teller.tell_due() is None, said
    (got,) = inbox.got
    assert got['title'] == 'specs a at cccccccc (main): failed'
    assert 'it said ***' in got['message']
    assert 'tr0ub4dor' not in got['message']
    kept.close()


def test_a_notice_that_cannot_be_sent_is_given_up(tmp_path: Path, inbox: Inbox) -> None:
    kept, watched = _told(tmp_path, inbox)
    said: list[str] = []
    now = [1000]
    teller = telling.Teller(config=watched, history=kept, told=said.append, now_ms=lambda: now[0])
    (tmp_path / 'address').write_text('nothing://known')
    for _ in range(12):
        teller.tell_due()
        now[0] += HOUR_MS
    assert [line.endswith('given up') for line in said] == [False] * 11 + [True]
    assert 'of no kind that apprise knows' in said[-1]
    assert kept.notices() == []
    kept.close()


def test_a_failure_and_the_recovery_from_it_are_told(site: Site, inbox: Inbox) -> None:
    (site.folder / 'address').write_text(inbox.url)
    repo = site.repository()
    config = site.config(
        'notify: [{name: team, url: {file: address}}]\nenv: {API_TOKEN: tr0ub4dor&3}\n'
        'repositories: [{url: repo, specs: [{path: a}]}]\n'
    )
    commits: list[str] = []
    for number, verdict in enumerate(('passed', 'failed', 'passed', 'passed')):
        commits.append(repo.commit(a__manifest=str(number))[:8])
        if verdict == 'failed':
            (site.play / repo.git('rev-parse', 'HEAD')).write_text('failed')
        assert site.once(config).returncode == int(verdict == 'failed')
    assert [got['title'] for got in inbox.got] == [
        f'repo a at {commits[1]} (main): failed',
        f'repo a at {commits[2]} (main): passed again',
    ]
    assert '## failed: the summary, ***' in inbox.got[0]['message']
