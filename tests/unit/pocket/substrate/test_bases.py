"""Which image a machine of a base gets: imported, built from what is in reach, or the host's own."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from bedrock import aptarchives, aptsources, errors
from bedrock.aptsources import Source
from pocket import settings
from pocket.model import Base
from pocket.substrate import bases, images, imports

BOOKWORM, TRIXIE = Base(name='debian', channel='12'), Base(name='debian', channel='13')
JAMMY, NOBLE = Base(name='ubuntu', channel='22.04'), Base(name='ubuntu', channel='24.04')
ON_DEBIAN = images.Host(base=BOOKWORM, codename='bookworm')
KEY = '/usr/share/keyrings/debian-archive-keyring.gpg'
DEBIAN_HERE = (
    Source(
        uris=('http://mirror/debian',),
        suites=('bookworm', 'bookworm-updates'),
        components=('main',),
        signed_by=KEY,
    ),
)


def _text(wanted: Base, *, known: tuple[Source, ...] = DEBIAN_HERE, has_key: bool = True) -> str:
    found = aptarchives.sources(
        wanted, aptarchives.CODENAMES[wanted], known=known, this=ON_DEBIAN, has_key=has_key
    )
    return aptsources.render(found)


def test_another_release_of_the_hosts_distribution_comes_from_the_hosts_mirror() -> None:
    text = _text(TRIXIE, has_key=False)
    assert 'URIs: http://mirror/debian\n' in text
    assert 'Suites: trixie trixie-updates\n' in text
    assert f'Signed-By: {KEY}\n' in text


@pytest.mark.parametrize(('base', 'codename'), [(JAMMY, 'jammy'), (NOBLE, 'noble')])
def test_another_distribution_comes_from_its_archive_checked_with_its_key(base: Base, codename: str) -> None:
    text = _text(base)
    assert f'Suites: {codename} {codename}-updates\n' in text
    assert f'Suites: {codename}-security\n' in text
    assert text.count('Signed-By: /usr/share/keyrings/ubuntu-archive-keyring.gpg\n') == 2
    assert 'Components: main universe\n' in text


def test_without_the_key_nothing_is_trusted() -> None:
    assert _text(NOBLE, has_key=False) == ''


def test_sources_that_the_host_has_of_the_distribution_come_first() -> None:
    mine = Source(uris=('http://mine/ubuntu',), suites=('noble',), components=('main',))
    assert 'URIs: http://mine/ubuntu\n' in _text(NOBLE, known=(*DEBIAN_HERE, mine), has_key=False)


def test_every_base_that_charms_name_has_a_codename() -> None:
    assert [aptarchives.CODENAMES[base] for base in (BOOKWORM, JAMMY, NOBLE)] == [
        'bookworm',
        'jammy',
        'noble',
    ]


def test_a_stand_in_is_told_in_words() -> None:
    assert bases.alias(BOOKWORM, BOOKWORM) == ''
    assert bases.alias(NOBLE, BOOKWORM) == 'ubuntu@24.04 is not available on this host, using debian@12'


async def test_an_imported_image_stands_for_its_base_until_it_is_removed(tmp_path: Path) -> None:
    cache = images.Images(settings.load({'POCKET_CACHE': str(tmp_path)}))
    made: list[images.Image] = []
    for _ in range(2):
        tree = cache.scratch() / 'tree'
        tree.mkdir()
        made.append(cache.adopt(NOBLE, tree))
    found, note = await bases.ensure(cache, NOBLE)
    assert (found.id, note, found.base) == (made[1].id, '', 'ubuntu@24.04')
    assert cache.imports() == {made[1].id}
    cache.remove(made[1].id)
    assert cache.imported(NOBLE) is None


def test_a_build_that_failed_is_not_tried_again_at_once(tmp_path: Path) -> None:
    cache = images.Images(settings.load({'POCKET_CACHE': str(tmp_path)}))
    cache.scratch()
    recipe = images.Recipe(base=NOBLE, codename='noble', sources='')
    assert not cache.is_out_of_reach(recipe)
    cache.note_failure(recipe)
    assert cache.is_out_of_reach(recipe)


def _archive(path: Path, *members: tuple[str, bytes, str]) -> Path:
    with tarfile.open(path, 'w:gz') as tar:
        for name, kind, link in members:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, link
            tar.addfile(info, io.BytesIO())
    return path


@pytest.mark.parametrize(
    'member',
    [
        ('/etc/passwd', tarfile.REGTYPE, ''),
        ('../up', tarfile.REGTYPE, ''),
        ('a/../../up', tarfile.DIRTYPE, ''),
        ('hard', tarfile.LNKTYPE, '../../etc/shadow'),
        ('hard', tarfile.LNKTYPE, '/etc/shadow'),
    ],
)
def test_an_archive_that_leads_out_of_itself_is_refused(
    tmp_path: Path, member: tuple[str, bytes, str]
) -> None:
    with pytest.raises(errors.Fault, match='leads out of it'):
        imports.check_archive(_archive(tmp_path / 'a.tar.gz', ('ok', tarfile.REGTYPE, ''), member))


def test_a_bomb_and_a_file_that_is_no_archive_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / 'x').write_bytes(b'not a tar archive')
    with pytest.raises(errors.Fault, match='cannot be read as a tar archive'):
        imports.check_archive(tmp_path / 'x')
    many = _archive(tmp_path / 'b.tar.gz', *((str(n), tarfile.REGTYPE, '') for n in range(5)))
    imports.check_archive(many)
    monkeypatch.setattr(imports, 'MOST_FILES', 4)
    with pytest.raises(errors.Fault, match='more than 4 files'):
        imports.check_archive(many)


def test_a_tree_that_is_no_machine_or_of_another_base_is_refused(tmp_path: Path) -> None:
    with pytest.raises(errors.Fault, match='it has no systemd, no shell'):
        imports.check_tree(tmp_path, NOBLE)
    for name in ('usr/lib/systemd/systemd', 'usr/bin/sh', 'usr/bin/tar', 'usr/bin/perl', 'usr/bin/setpriv'):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / 'usr/lib/os-release').write_text('ID=ubuntu\nVERSION_ID="24.04"\n')
    imports.check_tree(tmp_path, NOBLE)
    with pytest.raises(errors.Fault, match=r'cannot import an image of debian@12: it is ubuntu@24\.04'):
        imports.check_tree(tmp_path, BOOKWORM)
