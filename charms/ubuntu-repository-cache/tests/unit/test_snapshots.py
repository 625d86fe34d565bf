"""Snapshots of a real signed archive, taken over real HTTP with the real gpgv."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from archive_kit import START, Archive, Keys, Running, SyncHost

PACKAGES = 'dists/stable/main/binary-amd64/Packages.xz'


@pytest.fixture
def run(tmp_path: Path, keys: Keys, host: SyncHost) -> Running:
    return Running(tmp_path / 'unit', keys.keyring, host.base)


async def test_the_first_snapshot_holds_what_apt_asks_for_and_no_more(run: Running, archive: Archive) -> None:
    async with run:
        report = await run.ready()
    assert (report['state'], report['generation']) == ('ready', 1)
    top = run.served('dists/stable')
    names = {
        p.relative_to(top).as_posix() for p in top.rglob('*') if p.is_file() and 'by-hash' not in p.parts
    }
    assert names - {n for n in names if n.endswith('index.html')} == {
        'InRelease',
        'Release',
        'Release.gpg',
        'main/binary-amd64/Packages.xz',
        'main/i18n/Translation-en.xz',
    }
    assert run.served(PACKAGES).read_bytes() == (archive.root / PACKAGES).read_bytes()


async def test_a_clients_conditional_request_sees_the_archives_date(run: Running, archive: Archive) -> None:
    async with run:
        await run.ready()
    assert run.served('dists/stable/InRelease').stat().st_mtime == archive.date


async def test_listing_pages_have_an_absolute_parent_and_sort_with_the_slash(
    tmp_path: Path, keys: Keys, host: SyncHost, archive: Archive
) -> None:
    archive.publish('stable-updates')
    async with Running(
        tmp_path / 'unit', keys.keyring, host.base, optional_suites=('stable-updates', 'stable-none')
    ) as run:
        await run.ready()
        page = run.served('dists/index.html').read_text()
    links = [part.partition('"')[0] for part in page.split('href="')[1:]]
    assert links == ['/ubuntu/', 'stable-updates/', 'stable/']


async def test_a_change_becomes_a_generation_and_old_indexes_stay_by_hash(
    run: Running, archive: Archive
) -> None:
    async with run:
        await run.ready()
        old = run.served(PACKAGES).read_bytes()
        archive.add('new', b'new')
        new_hash = archive.publish(keep_by_hash=False)
        report = (await run.sync()).json()
        assert (report['changed'], report['generation']) == (True, 2)
        folder = run.served('dists/stable/main/binary-amd64/by-hash/SHA256')
        held = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert len(held) == 2
    assert old in held.values()
    assert held[new_hash] == run.served(PACKAGES).read_bytes() != old


async def test_nothing_new_makes_no_generation(run: Running) -> None:
    async with run:
        await run.ready()
        report = (await run.sync()).json()
    assert (report['changed'], report['generation']) == (False, 1)


async def test_generations_leave_by_number_and_age_together(
    tmp_path: Path, keys: Keys, host: SyncHost, archive: Archive
) -> None:
    async with Running(tmp_path / 'unit', keys.keyring, host.base, keep_snapshots=2, retain=-1) as run:
        await run.ready()
        for number in range(3):
            archive.add(f'more{number}', b'x' * number)
            archive.publish()
            await run.sync()
        shots = (await run.control('/snapshots')).json()['snapshots']
    assert [shot['generation'] for shot in shots] == [4, 3]
    kept = {folder.name for folder in (tmp_path / 'unit/store/snapshots').iterdir()}
    assert kept == {'g3', 'g4'}


@pytest.mark.parametrize(
    ('publish', 'cause'),
    [
        ({'date': START - 10}, 'older'),
        ({'key': 'foreign'}, 'signature'),
        ({'valid_until': START + 3600}, 'expired'),
        ({'suite': 'stable', 'codename': 'stable'}, None),
    ],
    ids=['rollback', 'foreign key', 'expired', 'control: a proper one is taken'],
)
async def test_a_validly_formed_but_wrong_release_is_never_served(
    run: Running, archive: Archive, publish: dict[str, object], cause: str | None
) -> None:
    async with run:
        await run.ready()
        before = run.served('dists/stable/InRelease').read_bytes()
        archive.add('new', b'new')
        archive.publish(**publish)  # pyright: ignore[reportArgumentType] - a table of keyword arguments
        await run.sync()
        report = (await run.control('/healthz?full')).json()
        served = run.served('dists/stable/InRelease').read_bytes()
    if cause is None:
        assert served != before
    else:
        assert served == before
        assert report['refusals'] == {cause: 1}
        assert 'stable' in report['sync']['problems']
        assert report['state'] == 'ready'


async def test_an_unsigned_addition_to_inrelease_is_not_believed(
    run: Running, archive: Archive, host: SyncHost
) -> None:
    host.bodies['dists/stable/InRelease'] = lambda body: body.replace(
        b'Components: main', b'Components: evil'
    )
    async with run:
        got = await run.sync()
        report = (await run.control('/healthz?full')).json()
    assert got.status == 502
    assert report['state'] == 'building'
    assert report['refusals']['signature'] >= 1


async def test_another_suites_release_under_this_suites_name_is_refused(
    run: Running, archive: Archive
) -> None:
    archive.publish('testing')
    async with run:
        await run.ready()
        (archive.root / 'dists/stable/InRelease').write_bytes(
            (archive.root / 'dists/testing/InRelease').read_bytes()
        )
        await run.sync()
        report = (await run.control('/healthz?full')).json()
    assert report['refusals'] == {'suite': 1}
    assert report['generation'] == 1


async def test_an_index_that_does_not_match_is_tried_again_then_refused(
    run: Running, archive: Archive, host: SyncHost
) -> None:
    async with run:
        await run.ready()
        archive.add('new', b'new')
        sha256 = archive.publish()
        by_hash = f'dists/stable/main/binary-amd64/by-hash/SHA256/{sha256}'
        host.bodies[by_hash] = lambda body: b'\0' + body[1:]
        await run.sync()
        report = (await run.control('/healthz?full')).json()
        assert report['generation'] == 1
        assert report['refusals'] == {'hash': 6}
        del host.bodies[by_hash]
        assert (await run.sync()).json()['generation'] == 2


async def test_a_release_pair_from_another_moment_is_left_out(
    run: Running, archive: Archive, host: SyncHost
) -> None:
    release = (archive.root / 'dists/stable/Release').read_bytes()
    host.bodies['dists/stable/Release'] = lambda _: release.replace(b'Test', b'TEST')
    async with run:
        await run.ready()
    assert run.served('dists/stable/InRelease').exists()
    assert not run.served('dists/stable/Release').exists()


async def test_the_next_sync_host_is_taken_when_the_first_is_stale(
    tmp_path: Path, keys: Keys, host: SyncHost, archive: Archive
) -> None:
    stale = SyncHost(tmp_path / 'nothing')
    await stale.start()
    try:
        async with Running(tmp_path / 'unit', keys.keyring, stale.base, host.base) as run:
            report = await run.ready()
    finally:
        await stale.stop()
    assert report['generation'] == 1
    assert stale.requests


async def test_a_restarted_keeper_serves_at_once_and_drops_what_was_half_done(
    tmp_path: Path, keys: Keys, host: SyncHost
) -> None:
    async with Running(tmp_path / 'unit', keys.keyring, host.base) as run:
        await run.ready()
    (tmp_path / 'unit/store/partial/left').write_bytes(b'half')
    (tmp_path / 'unit/store/snapshots/.g2').mkdir()
    await host.stop()
    async with Running(tmp_path / 'unit', keys.keyring, host.base) as run:
        report = await run.ready()
        assert (report['state'], report['generation']) == ('ready', 1)
        assert report['store']['bytes'] > 0
    assert not list((tmp_path / 'unit/store/partial').iterdir())
    assert [f.name for f in (tmp_path / 'unit/store/snapshots').iterdir()] == ['g1']


async def test_another_selection_is_built_although_the_archive_did_not_change(
    tmp_path: Path, keys: Keys, host: SyncHost
) -> None:
    async with Running(tmp_path / 'unit', keys.keyring, host.base) as run:
        await run.ready()
    async with Running(tmp_path / 'unit', keys.keyring, host.base, components=()) as run:
        report = await run.ready()
    assert report['generation'] == 2
    assert report['suites'][0]['components'] == ['main', 'extra']
    assert run.served('dists/stable/extra/binary-amd64/Packages.xz').exists()


async def test_an_unknown_component_is_an_error_that_names_it(
    tmp_path: Path, keys: Keys, host: SyncHost
) -> None:
    async with Running(tmp_path / 'unit', keys.keyring, host.base, components=('mian',)) as run:
        got = await run.sync()
    assert got.status == 502
    assert 'mian' in got.json()['error']


async def test_a_damaged_index_on_disk_is_found_and_fetched_again(run: Running, archive: Archive) -> None:
    async with run:
        await run.ready()
        good = run.served(PACKAGES).read_bytes()
        run.served(PACKAGES).write_bytes(b'\0' + good[1:])
        found = (await run.control('/verify', method='POST')).json()
        assert found['damaged'] == [PACKAGES]
        assert run.served(PACKAGES).read_bytes() == good
        assert (await run.control('/verify', method='POST')).json()['damaged'] == []


async def test_two_units_that_serve_the_same_have_the_same_digest(
    tmp_path: Path, keys: Keys, host: SyncHost
) -> None:
    digests: set[str] = set()
    for name in ('one', 'two'):
        async with Running(tmp_path / name, keys.keyring, host.base) as run:
            digests.add((await run.ready())['digest'])
    assert len(digests) == 1


async def test_the_keeper_syncs_by_itself_when_a_suite_is_due(
    tmp_path: Path, keys: Keys, host: SyncHost, archive: Archive
) -> None:
    async with Running(tmp_path / 'unit', keys.keyring, host.base, sync_interval=1) as run:
        await run.ready()
        archive.add('new', b'new')
        archive.publish()
        deadline = time.monotonic() + 5
        while (report := (await run.control('/healthz?full')).json())['generation'] < 2:
            assert time.monotonic() < deadline, report
            await asyncio.sleep(0.05)
