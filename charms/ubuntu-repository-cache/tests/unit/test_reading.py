"""The keeper's pure parts: Release files, indexes, selection, HTTP, settings, the catalogue's order."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest

from keeper import errors, listing, release, selection, settings, tree, wire
from keeper.catalogue import Catalogue, Generation, Known, State
from keeper.release import Entry, Release

HASH = 'a' * 64


def _settings(**changes: object) -> settings.Settings:
    values: dict[str, object] = {
        'origins': ['http://h/u'],
        'path_base': 'u',
        'keyring': '/k',
        'store': '/s',
        'runtime': '/r',
        **changes,
    }
    return settings.from_mapping(values)


def _release(*paths: str, hold_all: bool = False) -> Release:
    return Release(
        suite='s',
        codename='s',
        date=1,
        valid_until=None,
        by_hash=True,
        components=('main', 'universe'),
        architectures=('amd64', 'arm64'),
        packages_hold_all=hold_all,
        files={path: Entry(1, HASH) for path in paths},
    )


# -- Release -------------------------------------------------------------------------------------------


def test_a_release_is_read_with_its_sha256_sums_only() -> None:
    text = (
        f'Suite: jammy\nCodename: jammy\nDate: Thu, 01 Jan 1970 00:01:00 UTC\nComponents: updates/main\n'
        f'Acquire-By-Hash: yes\nMD5Sum:\n {"b" * 32} 5 main/Packages\nSHA256:\n {HASH} 7 main/Packages\n'
    )
    found = release.parse(text.encode())
    assert (found.date, found.by_hash, found.components) == (60, True, ('main',))
    assert found.files == {'main/Packages': Entry(7, HASH)}


@pytest.mark.parametrize(
    ('text', 'reason'),
    [
        (f'SHA256:\n {HASH} 7 main/Packages\n', 'Date'),
        ('Date: Thu, 01 Jan 1970 00:01:00 UTC\n', 'SHA256'),
        (f'Date: Thu, 01 Jan 1970 00:01:00 UTC\nSHA256:\n {HASH} 7 ../../etc/passwd\n', 'leads out'),
        (f'Date: Thu, 01 Jan 1970 00:01:00 UTC\nSHA256:\n {HASH} 7 /etc/passwd\n', 'leads out'),
        ('Date: Thu, 01 Jan 1970 00:01:00 UTC\nSHA256:\n abc 7 main/Packages\n', 'bad line'),
    ],
)
def test_an_unusable_release_is_refused(text: str, reason: str) -> None:
    with pytest.raises(errors.Refused, match=reason):
        release.parse(text.encode())


# -- selection -----------------------------------------------------------------------------------------

PATHS = (
    'main/binary-amd64/Packages',
    'main/binary-amd64/Packages.gz',
    'main/binary-amd64/Packages.xz',
    'main/binary-arm64/Packages.gz',
    'main/binary-all/Packages.xz',
    'main/debian-installer/binary-amd64/Packages.xz',
    'main/source/Sources.xz',
    'main/i18n/Translation-en.bz2',
    'main/i18n/Translation-de.bz2',
    'main/cnf/Commands-amd64.xz',
    'main/dep11/Components-arm64.yml.gz',
    'universe/binary-amd64/Packages.xz',
    'Contents-arm64.gz',
    'Contents-amd64.gz',
)


@pytest.mark.parametrize(
    ('options', 'hold_all', 'fetch'),
    [
        (
            {'components': ['main'], 'architectures': ['amd64']},
            False,
            {
                'main/binary-amd64/Packages.xz',
                'main/binary-all/Packages.xz',
                'main/i18n/Translation-en.bz2',
            },
        ),
        (
            {'components': ['main'], 'architectures': ['amd64']},
            True,
            {'main/binary-amd64/Packages.xz', 'main/i18n/Translation-en.bz2'},
        ),
        (
            {'components': ['main'], 'architectures': ['arm64', 'source']},
            True,
            {'main/binary-arm64/Packages.gz', 'main/i18n/Translation-en.bz2', 'main/source/Sources.xz'},
        ),
        ({'components': ['universe']}, True, {'universe/binary-amd64/Packages.xz'}),
    ],
)
def test_a_snapshot_fetches_what_apt_asks_for_in_its_best_compression(
    options: dict[str, object], hold_all: bool, fetch: set[str]
) -> None:
    chosen = selection.select(_release(*PATHS, hold_all=hold_all), _settings(**options))
    assert chosen.fetch == fetch


def test_the_filter_drops_other_components_and_architectures() -> None:
    chosen = selection.select(_release(*PATHS), _settings(components=['main'], architectures=['amd64']))
    dropped = set(PATHS) - set(chosen.files)
    assert dropped == {
        'main/binary-arm64/Packages.gz',
        'main/dep11/Components-arm64.yml.gz',
        'universe/binary-amd64/Packages.xz',
        'Contents-arm64.gz',
    }


def test_what_a_client_asked_for_is_fetched_for_the_next_snapshot_too() -> None:
    kept = ['main/i18n/Translation-de.bz2', 'gone/now']
    chosen = selection.select(_release(*PATHS), _settings(), kept=kept)
    assert 'main/i18n/Translation-de.bz2' in chosen.fetch
    assert 'gone/now' not in chosen.fetch


@pytest.mark.parametrize('options', [{'components': ['mian']}, {'architectures': ['amd46']}])
def test_a_selection_that_the_archive_does_not_have_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(errors.Refused, match=r'mian|amd46'):
        selection.select(_release(*PATHS), _settings(**options))


def test_suites_are_found_in_a_listing_page() -> None:
    page = '<a href="/ubuntu/">Up</a><a href="?C=N">N</a><a href="jammy-updates/">x</a><a href="jammy/">x</a>'
    assert selection.suites_in_page(page, pockets=()) == ['jammy-updates', 'jammy']
    assert selection.suites_in_page(page, pockets=('release',)) == ['jammy']


# -- indexes -------------------------------------------------------------------------------------------

PACKAGES = (
    f'Package: a\nFilename: pool/a.deb\nSize: 5\nMD5sum: x\nSHA256: {HASH}\n\n'
    f'Filename: ./pool/b+c.deb\nSize: 6\nSHA256: {"B" * 64}\nDescription: Size: 9\n Filename: no\n\n'
    'Package: weak\nFilename: pool/weak.deb\nSize: 7\nMD5sum: x\n\n'
)


@pytest.mark.parametrize(
    ('ending', 'pack'), [('', bytes), ('.xz', lzma.compress), ('.gz', gzip.compress), ('.bz2', bz2.compress)]
)
def test_packages_are_read_in_every_compression(
    tmp_path: Path, ending: str, pack: Callable[[bytes], bytes]
) -> None:
    file = tmp_path / 'content'
    file.write_bytes(pack(PACKAGES.encode()))
    rows = list(listing.read(file, name=f'main/binary-amd64/Packages{ending}'))
    assert rows == [('pool/a.deb', 5, b'\xaa' * 32), ('pool/b+c.deb', 6, b'\xbb' * 32)]


def test_sources_are_read_from_their_sha256_block(tmp_path: Path) -> None:
    text = (
        'Package: a\nFiles:\n 123 9 a.dsc\nChecksums-Sha256:\n'
        f' {HASH} 9 a.dsc\n {"b" * 64} 8 a.tar.xz\nDirectory: pool/main/a/a\nHomepage: x\n\n'
    )
    file = tmp_path / 'content'
    file.write_text(text)
    rows = list(listing.read(file, name='main/source/Sources'))
    assert rows == [('pool/main/a/a/a.dsc', 9, b'\xaa' * 32), ('pool/main/a/a/a.tar.xz', 8, b'\xbb' * 32)]


@pytest.mark.parametrize(
    'content',
    [
        b'Package: a\n\n',
        f'Filename: ../a\nSize: 1\nSHA256: {HASH}\n\n'.encode(),
        b'Filename: a\nSize: 1\nSHA256: 12\n\n',
    ],
)
def test_a_damaged_index_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / 'content'
    file.write_bytes(content)
    with pytest.raises(errors.Refused):
        list(listing.read(file, name='main/binary-amd64/Packages'))


def test_an_index_that_is_not_xz_is_refused(tmp_path: Path) -> None:
    file = tmp_path / 'content'
    file.write_bytes(b'<html>')
    with pytest.raises(errors.Refused):
        list(listing.read(file, name='main/binary-amd64/Packages.xz'))


# -- HTTP ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ('path', 'wanted'),
    [
        ('/a/b', 'a/b'),
        ('//a/./b/', 'a/b'),
        ('/a%7eb', 'a~b'),
        ('/a+b', 'a+b'),
        ('/a/../b', None),
        ('/%2e%2e/b', None),
        ('/a%00', None),
        ('/%ff', None),
    ],
)
def test_paths_have_one_spelling(path: str, wanted: str | None) -> None:
    assert wire.normalise(path) == wanted


@pytest.mark.parametrize(
    ('header', 'wanted'),
    [
        ('bytes=0-9', (0, 10)),
        ('bytes=90-', (90, 100)),
        ('bytes=90-500', (90, 100)),
        ('bytes=-10', (90, 100)),
        ('bytes=-500', (0, 100)),
        ('bytes=100-', (0, 0)),
        ('bytes=-0', (0, 0)),
        ('bytes=9-1', None),
        ('bytes=0-1,5-6', None),
        ('bytes=-', None),
        ('lines=1-2', None),
    ],
)
def test_ranges(header: str, wanted: tuple[int, int] | None) -> None:
    assert wire.parse_range(header, 100) == wanted


def test_what_is_not_http_is_a_bad_request() -> None:
    with pytest.raises(wire.BadRequest):
        wire.parse_request(b'hello\r\n\r\n')


def test_a_listing_page_escapes_names() -> None:
    assert '&lt;b&gt;' in tree.page('/x/', ['<b>'])


# -- settings and catalogue ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    'change', [{'unknown': 1}, {'retain': '5'}, {'suites': 'jammy'}, {'all_indexes': 1}, {'components': [1]}]
)
def test_wrong_settings_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(errors.KeeperError, match=next(iter(change))):
        _settings(**change)


def test_only_what_changes_the_content_changes_the_selection() -> None:
    assert _settings().selection == _settings(retain=5).selection
    assert _settings().selection != _settings(components=['main']).selection


def test_packages_that_nothing_names_are_evicted_before_the_least_used(tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path / 'c.db')
    state = State(
        id=0, suite='s', selection='x', release_sha256=HASH, date=1, valid_until=None, components=('main',)
    )
    number = catalogue.add_state(state, [])
    digest = hashlib.sha256(b'').digest()
    catalogue.add_listing(number, HASH, [('old', 1, digest), ('fresh', 1, digest)])
    catalogue.add_generation(Generation(id=1, digest='d', selection='x', built=1), [number])
    for path, used in (('fresh', 30), ('unnamed', 40), ('old', 10)):
        catalogue.note_stored(Known(path, 1, digest.hex()), now=used)
    assert [file.path for file in catalogue.eviction_order()] == ['unnamed', 'old', 'fresh']
    catalogue.note_used(['old'], now=50)
    assert [file.path for file in catalogue.eviction_order()] == ['unnamed', 'fresh', 'old']
    catalogue.close()


def test_forgetting_a_generation_forgets_what_only_it_held(tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path / 'c.db')
    digest = hashlib.sha256(b'').digest()
    for number, name in ((1, 'a'), (2, 'b')):
        state = State(
            id=0,
            suite='s',
            selection='x',
            release_sha256=name * 64,
            date=number,
            valid_until=None,
            components=(),
        )
        made = catalogue.add_state(
            state, [Known(f'dists/s/{name}', 1, name * 64), Known('dists/s/x', 1, 'c' * 64)]
        )
        catalogue.add_listing(made, name * 64, [(f'pool/{name}', 1, digest)])
        catalogue.add_generation(Generation(id=number, digest='d', selection='x', built=1), [made])
    assert catalogue.package('pool/a') is not None
    assert catalogue.forget([1]) == {'a' * 64}  # the other content is still named by the second generation
    assert catalogue.package('pool/a') is None
    assert catalogue.package('pool/b') is not None
    catalogue.close()
