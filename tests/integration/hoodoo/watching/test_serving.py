"""Webhooks against the real server, over sockets."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import signal
import socket
import urllib.parse
from collections.abc import AsyncGenerator
from pathlib import Path

import httpx
import pytest

from bedrock import errors
from hoodoo.ci.watch import config, serving
from tests.integration.hoodoo.watching.conftest import Site, site_begun

SECRET = 'a secret of some length'
BODY = b'{"ref": "refs/heads/main", "repository": {"url": "https://evil.example.com"}}'


def _signature(body: bytes = BODY, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _config(file: Path, listen: tuple[str, int] = ('127.0.0.1', 0)) -> config.Config:
    spec = config.Spec(name='a', path='a')
    repositories = [
        config.Repository(name=name, url='https://git.example.com/x', poll_s=60, specs=(spec,), secret=secret)
        for name, secret in (
            ('specs', config.Source(file=file)),
            ('lost', config.Source(file=file.with_name('lost'))),
            ('open', None),
        )
    ]
    return config.Config(
        file=file, concurrency=1, repositories=tuple(repositories), listen=listen, targets=()
    )


@contextlib.asynccontextmanager
async def _served(
    tmp_path: Path, rate: serving.Rate, said: list[str] | None = None
) -> AsyncGenerator[tuple[httpx.AsyncClient, list[str]]]:
    (tmp_path / 'secret').write_text(f'{SECRET}\n')
    poked: list[str] = []
    server = serving.Server(config=_config(tmp_path / 'secret'), poke=poked.append, rate=rate)
    if said is not None:
        server.told = said.append
    async with server.listening() as where:
        url = where.removesuffix('/hooks/REPOSITORY')
        async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
            yield client, poked


async def test_only_who_knows_the_secret_is_heard(tmp_path: Path) -> None:
    good = _signature()
    wrong = [
        {},
        {'X-Hub-Signature-256': good},
        {'X-Hub-Signature-256': f'sha256={_signature(secret="another")}'},
        {'X-Hub-Signature-256': f'sha256={_signature(b"{}")}'},
        {'X-Gitea-Signature': ''},
        {'X-Forgejo-Signature': good[:-1]},
        {'X-Gitlab-Token': SECRET[:-1]},
        {'X-Gitlab-Token': good},
        # One that is wrong is not made good by another one.
        {'X-Hub-Signature-256': 'sha256=0', 'X-Gitlab-Token': SECRET},
    ]
    right = [
        {'X-Hub-Signature-256': f'sha256={good}'},
        {'X-Gitea-Signature': good},
        {'X-Forgejo-Signature': good},
        {'X-Gitlab-Token': SECRET},
    ]
    async with _served(tmp_path, serving.Rate()) as (client, poked):
        for headers in wrong:
            answer = await client.post('/hooks/specs', content=BODY, headers=headers)
            assert (answer.status_code, headers) == (401, headers)
            assert SECRET not in answer.text
        assert poked == []
        for headers in right:
            answer = await client.post('/hooks/specs', content=BODY, headers=headers)
            assert (answer.status_code, headers) == (202, headers)
        assert poked == ['specs'] * 4
        token = {'X-Gitlab-Token': SECRET}
        assert (await client.post('/hooks/none', content=BODY, headers=token)).status_code == 404
        assert (await client.post('/hooks/open', content=BODY, headers=token)).status_code == 404
        assert (await client.post('/hooks/lost', content=BODY, headers=token)).status_code == 503
        assert (await client.get('/hooks/specs')).status_code == 405
        assert (await client.get('/healthz')).text == 'ok\n'
        assert len(poked) == 4


async def test_a_secret_that_cannot_be_read_is_told_once(tmp_path: Path) -> None:
    said: list[str] = []
    token = {'X-Gitlab-Token': SECRET}
    async with _served(tmp_path, serving.Rate(), said) as (client, poked):
        for status in (503, 503, 202, 202):
            if status == 202:
                (tmp_path / 'lost').write_text(SECRET)
            assert (await client.post('/hooks/lost', content=BODY, headers=token)).status_code == status
    assert poked == ['lost', 'lost']
    where = f'cannot read the secret of "lost" from {tmp_path / "lost"}: No such file or directory'
    assert said == [f'lost: webhooks are refused: {where}', 'lost: webhooks are heard again']


async def test_a_body_has_a_bound_however_it_comes(tmp_path: Path) -> None:
    fits, more = b'x' * serving.LARGEST, b'x' * (serving.LARGEST + 1)

    async def parts() -> AsyncGenerator[bytes]:
        yield fits
        yield b'x'

    async with _served(tmp_path, serving.Rate()) as (client, poked):
        headers = {'X-Gitea-Signature': _signature(more)}
        for content in (more, parts()):
            answer = await client.post('/hooks/specs', content=content, headers=headers)
            assert answer.status_code == 413
        assert poked == []
        headers = {'X-Gitea-Signature': _signature(fits)}
        assert (await client.post('/hooks/specs', content=fits, headers=headers)).status_code == 202


async def test_a_client_has_a_bound(tmp_path: Path) -> None:
    async with _served(tmp_path, serving.Rate(burst=3, per_s=0)) as (client, poked):
        headers = {'X-Gitlab-Token': SECRET}
        codes = [(await client.post('/hooks/specs', headers=headers)).status_code for _ in range(4)]
        assert codes == [202, 202, 202, 429]
        assert len(poked) == 3
        assert (await client.get('/healthz')).status_code == 200


async def test_an_address_that_is_taken_is_said(tmp_path: Path) -> None:
    with socket.create_server(('127.0.0.1', 0)) as other:
        taken = _config(tmp_path / 'secret', ('127.0.0.1', other.getsockname()[1]))
        with pytest.raises(errors.UsageFault, match='Address already in use'):
            async with serving.Server(config=taken, poke=print).listening():
                pass


def test_a_push_is_looked_at_at_once(site: Site) -> None:
    repo = site.repository()
    first = repo.commit(a__manifest='1')
    (site.folder / 'secret').write_text(SECRET)
    watcher = site.watch(
        site.config(
            'poll: 1h\nwebhooks: {listen: "127.0.0.1:0", secret: {file: secret}}\n'
            'repositories: [{url: repo, specs: [{path: a}]}]\n'
        )
    )
    url = urllib.parse.urlsplit(watcher.until('webhooks: ').partition(' ')[2])
    watcher.until(f'{first[:8]}: passed')
    second = repo.commit(a__manifest='2')
    headers = {'X-Hub-Signature-256': f'sha256={_signature()}'}
    # Again and again: it is tried once.
    for _ in range(3):
        post = httpx.post(f'http://{url.netloc}/hooks/repo', content=BODY, headers=headers, trust_env=False)
        assert post.status_code == 202
    watcher.until(f'{second[:8]}: passed')
    site_begun(site, first, second)
    assert watcher.end(signal.SIGTERM) == 130
