"""The NRPE plugins, run as Nagios runs them, against a unit in each condition."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest

PLUGINS = Path(__file__).parent.parent.parent / 'src' / 'plugins'
GOOD: dict[str, Any] = {
    'state': 'ready',
    'generation': 3,
    'age': 60.0,
    'suites': [{'suite': 'jammy', 'age': 60.0, 'valid_until': None}],
    'sync': {'seconds': 1.5, 'problems': {}},
    'refusals': {},
    'store': {
        'disk_free_percent': 50.0,
        'inodes_free_percent': 50.0,
        'bytes': 10,
        'packages': 1,
        'limit': 100,
    },
    'counters': {'evictions': 0},
    'stale_warn': 100,
    'stale_crit': 200,
}


def _with(**changes: Any) -> bytes:
    return json.dumps({**GOOD, **changes}).encode()


async def _run(name: str, body: bytes, status: int, *arguments: str) -> tuple[int, str]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b'\r\n\r\n')
        writer.write(f'HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n\r\n'.encode() + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, '127.0.0.1', 0)
    url = f'http://127.0.0.1:{server.sockets[0].getsockname()[1]}'
    try:
        return await _start(name, '--url', url, *arguments)
    finally:
        server.close()
        await server.wait_closed()


async def _start(name: str, *arguments: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(PLUGINS / name), *arguments, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await asyncio.wait_for(process.communicate(), 10)
    return process.returncode or 0, output.decode()


def _suite(age: float, valid_until: float | None = None) -> list[dict[str, Any]]:
    return [{'suite': 'jammy', 'age': age, 'valid_until': valid_until}]


@pytest.mark.parametrize(
    ('name', 'body', 'code', 'text'),
    [
        ('check_repository_age', _with(), 0, 'jammy=60s;100;200;0'),
        ('check_repository_age', _with(suites=_suite(150)), 1, 'jammy'),
        ('check_repository_age', _with(suites=_suite(250)), 2, 'jammy'),
        ('check_repository_age', _with(suites=_suite(1, time.time() - 5)), 2, 'expired: jammy'),
        ('check_repository_age', _with(suites=[]), 2, 'no snapshot'),
        ('check_repository_age', b'{}', 3, 'cannot understand'),
        ('check_repository_age', b'<html>', 2, 'keeper does not answer'),
        ('check_repository_sync', _with(), 0, 'g3'),
        ('check_repository_sync', _with(sync={'seconds': 1, 'problems': {'jammy': 'bad'}}), 1, 'jammy: bad'),
        (
            'check_repository_sync',
            _with(age=300, sync={'seconds': 1, 'problems': {'jammy': 'bad'}}),
            2,
            'jammy: bad',
        ),
        ('check_repository_sync', _with(generation=0), 2, 'nothing to serve'),
        ('check_repository_store', _with(), 0, 'disk_free=50.0%;10:;5:'),
        ('check_repository_store', _with(store={**GOOD['store'], 'disk_free_percent': 8}), 1, '8 %'),
        ('check_repository_store', _with(store={**GOOD['store'], 'inodes_free_percent': 2}), 2, '2 %'),
    ],
)
async def test_a_check_says_how_bad_it_is(name: str, body: bytes, code: int, text: str) -> None:
    found, output = await _run(name, body, 200)
    assert (found, text in output) == (code, True), output
    assert output.count('\n') == 1


@pytest.mark.parametrize(('status', 'code'), [(200, 0), (404, 2), (503, 2)])
async def test_check_nginx_wants_the_page(status: int, code: int) -> None:
    found, output = await _run('check_nginx', b'x', status, '--path', '/ubuntu/dists/')
    assert found == code, output
    assert ' | time=' in output


async def test_a_draining_unit_still_reports_its_age() -> None:
    assert (await _run('check_repository_age', _with(state='draining'), 404))[0] == 0


async def test_a_unit_that_cannot_be_reached_is_critical() -> None:
    code, output = await _start('check_repository_age', '--url', 'http://127.0.0.1:9')
    assert (code, 'cannot reach' in output) == (2, True)
