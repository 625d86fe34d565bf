"""Packages that are not stored: one verified download, whatever the sync host sends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from archive_kit import Archive, Keys, Running, SyncHost

from keeper.filler import HOLD_BACK


@pytest.fixture
def run(tmp_path: Path, keys: Keys, host: SyncHost) -> Running:
    return Running(tmp_path / 'unit', keys.keyring, host.base)


async def _until(condition: Callable[[], bool]) -> None:
    """The far side of a socket has no event to wait for."""
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError('the condition did not come true in 5 s')


async def test_forty_requests_for_one_missing_package_make_one_download(
    run: Running, host: SyncHost, archive: Archive
) -> None:
    path = archive.path('big')
    host.gates[path] = asyncio.Event()
    async with run:
        await run.ready()
        waiting = [asyncio.ensure_future(run.get(f'/ubuntu/{path}')) for _ in range(40)]
        await _until(lambda: host.count(path) > 0 and run.keeper.counters.values['joins'] == 39)
        host.gates[path].set()
        answers = await asyncio.gather(*waiting)
        await run.keeper.filler.idle()
    assert {(got.status, got.whole, got.body) for got in answers} == {(200, True, archive.packages[path])}
    assert host.count(path) == 1
    assert run.package(path).read_bytes() == archive.packages[path]


async def test_the_end_of_a_file_is_held_back_until_its_hash_is_known(
    run: Running, host: SyncHost, archive: Archive
) -> None:
    path = archive.path('big')
    host.gates[path] = asyncio.Event()
    size = len(archive.packages[path])
    async with run:
        await run.ready()
        reader, writer = await asyncio.open_unix_connection(run.folder / 'run' / 'fill.socket')
        writer.write(f'GET /ubuntu/{path} HTTP/1.1\r\n\r\n'.encode())
        await reader.readuntil(b'\r\n\r\n')
        early = await reader.readexactly(size - HOLD_BACK - 1)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(reader.readexactly(2), 0.1)
        host.gates[path].set()
        rest = await reader.read(-1)
        writer.close()
    assert early == archive.packages[path][: len(early)]
    assert rest.endswith(archive.packages[path][-100:])


async def test_a_corrupt_large_package_is_cut_and_not_kept(
    run: Running, host: SyncHost, archive: Archive
) -> None:
    path = archive.path('big')
    host.bodies[path] = lambda body: body[:-1] + b'\0'
    async with run:
        await run.ready()
        bad = await run.get(f'/ubuntu/{path}')
        await run.keeper.filler.idle()
        assert not bad.whole
        assert len(bad.body) <= len(archive.packages[path]) - HOLD_BACK
        assert not run.package(path).exists()
        del host.bodies[path]
        good = await run.get(f'/ubuntu/{path}')
    assert (good.status, good.body) == (200, archive.packages[path])


@pytest.mark.parametrize('fault', ['content', 'length', 'page'])
async def test_a_corrupt_small_package_is_a_502_without_a_byte_of_it(
    run: Running, host: SyncHost, archive: Archive, fault: str
) -> None:
    path = archive.path('hello')
    if fault == 'content':
        host.bodies[path] = lambda body: b'J' + body[1:]
    elif fault == 'length':
        host.lengths[path] = 5000
    else:
        host.bodies[path] = lambda _: b'<html>login</html>'
        host.lengths[path] = 18
    async with run:
        await run.ready()
        got = await run.get(f'/ubuntu/{path}')
        report = (await run.control('/healthz?full')).json()
        host.bodies.clear()
        host.lengths.clear()
        again = await run.get(f'/ubuntu/{path}')
    assert got.status == 502
    assert b'hello hello' not in got.body
    assert report['upstream'][0]['failures'] == {'hash' if fault == 'content' else 'size': 1}
    assert (again.status, again.body) == (200, archive.packages[path])


async def test_a_bad_first_host_is_covered_by_the_second_without_the_client_seeing_it(
    tmp_path: Path, keys: Keys, host: SyncHost, archive: Archive
) -> None:
    other = SyncHost(archive.root)
    await other.start()
    path = archive.path('hello')
    host.bodies[path] = lambda body: b'J' + body[1:]
    try:
        async with Running(tmp_path / 'unit', keys.keyring, host.base, other.base) as run:
            await run.ready()
            got = await run.get(f'/ubuntu/{path}')
    finally:
        await other.stop()
    assert (got.status, got.body) == (200, archive.packages[path])
    assert (host.count(path), other.count(path)) == (1, 1)


async def test_a_host_that_says_nothing_is_a_503_soon_with_a_time_to_retry(
    run: Running, host: SyncHost, archive: Archive
) -> None:
    path = archive.path('hello')
    host.silent.add(path)
    async with run:
        await run.ready()
        got = await asyncio.wait_for(run.get(f'/ubuntu/{path}'), 3)
    assert got.status == 503
    assert int(got.headers['retry-after']) > 0


async def test_a_host_that_stalls_in_the_middle_cuts_the_waiters(
    run: Running, host: SyncHost, archive: Archive
) -> None:
    path = archive.path('big')
    host.gates[path] = asyncio.Event()
    async with run:
        await run.ready()
        got = await asyncio.wait_for(run.get(f'/ubuntu/{path}'), 3)
    assert got.status == 200
    assert not got.whole


@pytest.mark.parametrize(
    'path',
    [
        '/ubuntu/pool/main/h/hello/other.deb',
        '/ubuntu/../secret',
        '/ubuntu/%2e%2e/secret',
        '/other/pool/main/h/hello_1~1_amd64.deb',
        'http://example.com/ubuntu/pool/x.deb',
        '/ubuntu/dists/stable/nothing',
        '/ubuntu/dists/stable/main/binary-amd64/by-hash/SHA256/' + '0' * 64,
        '/ubuntu/dists/stable/extra/binary-amd64/Packages.xz',
    ],
)
async def test_what_no_verified_index_names_is_a_404_that_asks_nobody(
    run: Running, host: SyncHost, archive: Archive, path: str
) -> None:
    (archive.root / 'secret').write_bytes(b'x')
    async with run:
        await run.ready()
        before = len(host.requests)
        got = await run.get(path)
    assert got.status == 404
    assert len(host.requests) == before


@pytest.mark.parametrize('spelling', ['~', '%7e', '%7E'])
async def test_all_spellings_of_a_name_are_one_file(
    run: Running, host: SyncHost, archive: Archive, spelling: str
) -> None:
    path = archive.path('hello')
    async with run:
        await run.ready()
        got = await run.get('/ubuntu//' + path.replace('~', spelling))
        await run.keeper.filler.idle()
    assert got.body == archive.packages[path]
    assert run.package(path).exists()


async def test_a_range_of_a_missing_package_fetches_it_whole_once(
    run: Running, host: SyncHost, archive: Archive
) -> None:
    path = archive.path('big')
    async with run:
        await run.ready()
        got = await run.get(f'/ubuntu/{path}', headers={'Range': 'bytes=100-199'})
        await run.keeper.filler.idle()
        stale = await run.get(f'/ubuntu/{path}', headers={'Range': 'bytes=5-', 'If-Range': '"other"'})
        past = await run.get(f'/ubuntu/{path}', headers={'Range': 'bytes=99999999-'})
    size = len(archive.packages[path])
    assert (got.status, got.headers['content-range']) == (206, f'bytes 100-199/{size}')
    assert got.body == archive.packages[path][100:200]
    assert (stale.status, len(stale.body)) == (200, size)
    assert (past.status, past.headers['content-range']) == (416, f'bytes */{size}')
    assert host.count(path) == 1


async def test_the_keepers_validators_are_those_that_nginx_will_give(run: Running, archive: Archive) -> None:
    path = archive.path('hello')
    async with run:
        await run.ready()
        got = await run.get(f'/ubuntu/{path}')
        await run.keeper.filler.idle()
        stat = run.package(path).stat()
    assert got.headers['etag'] == f'"{int(stat.st_mtime):x}-{stat.st_size:x}"'


async def test_head_of_a_missing_package_fetches_nothing(
    run: Running, host: SyncHost, archive: Archive
) -> None:
    path = archive.path('big')
    async with run:
        await run.ready()
        got = await run.get(f'/ubuntu/{path}', method='HEAD')
    assert (got.status, int(got.headers['content-length'])) == (200, len(archive.packages[path]))
    assert host.count(path) == 0


async def test_an_index_outside_the_snapshot_is_filled_and_then_belongs_to_it(
    run: Running, host: SyncHost, archive: Archive
) -> None:
    path = 'dists/stable/main/Contents-amd64.xz'
    async with run:
        await run.ready()
        got = await run.get(f'/ubuntu/{path}')
        await run.keeper.filler.idle()
        assert got.body == (archive.root / path).read_bytes() == run.served(path).read_bytes()
        archive.publish()
        await run.sync()
        assert run.served(path).exists()


async def test_a_superseded_package_is_still_served_from_a_retained_generation(
    run: Running, host: SyncHost, archive: Archive
) -> None:
    path = archive.path('hello')
    async with run:
        await run.ready()
        await run.get(f'/ubuntu/{path}')
        content = archive.packages.pop(path)
        (archive.root / path).unlink()
        archive.publish()
        assert (await run.sync()).json()['generation'] == 2
        got = await run.get(f'/ubuntu/{path}')
    assert got.body == content
    assert host.count(path) == 1


async def test_a_name_whose_content_changed_is_not_served_with_the_old_content(
    run: Running, archive: Archive
) -> None:
    path = archive.path('hello')
    async with run:
        await run.ready()
        await run.get(f'/ubuntu/{path}')
        await run.keeper.filler.idle()
        assert run.package(path).exists()
        archive.add('hello', b'rebuilt')
        archive.publish()
        await run.sync()
        assert not run.package(path).exists()
        assert (await run.get(f'/ubuntu/{path}')).body == b'rebuilt'


async def test_content_that_is_stored_under_another_name_gets_this_one_too(
    run: Running, host: SyncHost, archive: Archive
) -> None:
    twin = archive.add('twin', archive.packages[archive.path('hello')])
    archive.publish()
    async with run:
        await run.ready()
        await run.get(f'/ubuntu/{archive.path("hello")}')
        await run.keeper.filler.idle()
        got = await run.get(f'/ubuntu/{twin}')
        assert got.body == archive.packages[twin]
        assert run.package(twin).read_bytes() == archive.packages[twin]
    assert host.count(twin) == 0


async def test_packages_leave_a_store_that_is_over_its_limit_and_can_come_back(
    tmp_path: Path, keys: Keys, host: SyncHost, archive: Archive
) -> None:
    paths = [archive.add(name, name.encode() * 10_000) for name in ('aaa', 'bbb', 'ccc')]
    archive.publish()
    async with Running(tmp_path / 'unit', keys.keyring, host.base, store_bytes=75_000) as run:
        await run.ready()
        for path in paths:
            await run.get(f'/ubuntu/{path}')
            await run.keeper.filler.idle()
        assert [run.package(path).exists() for path in paths] == [False, True, True]
        report = (await run.control('/healthz?full')).json()
        assert report['counters']['evictions'] == 1
        assert (await run.get(f'/ubuntu/{paths[0]}')).body == archive.packages[paths[0]]


async def test_health_says_building_ready_and_draining(
    run: Running, host: SyncHost, archive: Archive
) -> None:
    host.silent.add('dists/stable/InRelease')
    async with run:
        assert (await run.get('/healthz')).status == 503
        host.silent.clear()
        await run.sync()
        assert (await run.get('/healthz')).status == 200
        await run.control('/drain?lasting=1', method='POST')
        assert (await run.get('/healthz')).status == 404
        assert (await run.get(f'/ubuntu/{archive.path("hello")}')).status == 200
        await run.control('/undrain', method='POST')
        assert (await run.get('/healthz')).status == 200


async def test_commands_are_not_reachable_from_nginx(run: Running) -> None:
    async with run:
        await run.ready()
        assert (await run.get('/drain', method='POST')).status == 405
        assert (await run.get('/wait-ready')).status == 404
        assert (await run.get('/healthz')).status == 200
        assert (run.folder / 'run/control.socket').stat().st_mode & 0o077 == 0


async def test_metrics_count_what_nginx_and_the_keeper_served(run: Running, archive: Archive) -> None:
    async with run:
        await run.ready()
        run.keeper.note_served('<190>Nov 22 11:00:00 keeper: 200 1000 - /ubuntu/pool/x.deb')
        run.keeper.note_served('<190>Nov 22 11:00:00 keeper: 200 1000 + /ubuntu/pool/y.deb')
        run.keeper.note_served('<190>Nov 22 11:00:00 keeper: 200 1000 - /ubuntu/dists/stable/InRelease')
        run.keeper.note_served('<190>Nov 22 11:00:00 keeper: 404 10 - /ubuntu/pool/z.deb')
        run.keeper.note_served('nonsense')
        lines = (await run.get('/metrics')).body.decode().splitlines()
    assert 'repository_hits_total 1' in lines
    assert 'repository_misses_total 1' in lines
    assert 'repository_hit_bytes_total 1000' in lines
    assert 'repository_ready 1' in lines
