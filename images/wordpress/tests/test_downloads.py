"""What the image fetches from wordpress.org, how it looks at it, and how a site uses it."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import subprocess
import zipfile
from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest
import site_of_image as site

from tests.blog import origin as origins
from tests.blog.origin import API, FILES, Origin

MakeUnit = Callable[..., site.Unit]
Fetch = Callable[..., dict[str, Any]]
ADDRESS = '127.0.0.78'
LINK = 0o120777


@pytest.fixture(scope='module')
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Origin]:
    with origins.origin(tmp_path_factory.mktemp('origin'), ADDRESS, 0) as running:
        yield running


@pytest.fixture
def origin(served: Origin) -> Origin:
    served.newest.clear()
    served.files.clear()
    served.asked.clear()
    served.is_ill = False
    return served


@pytest.fixture
def unit(make_unit: MakeUnit, origin: Origin) -> site.Unit:
    made = make_unit()
    made.authorities.write_bytes(origin.authority.read_bytes())
    return made


@pytest.fixture
def fetch(unit: site.Unit, origin: Origin) -> Iterator[Fetch]:
    """Has the unit fetch what is wished for, through a proxy; returns its first answer."""
    with origins.proxy(origin, ADDRESS, ADDRESS) as address:

        def run(*items: dict[str, str], **more: str) -> dict[str, Any]:
            wish(unit, *items, **{'proxy': address, **more})
            with fetching(unit) as told:
                return told()

        yield run


def wish(unit: site.Unit, *items: dict[str, str], **more: str) -> None:
    empty = {'kind': 'plugins', 'version': '', 'file': '', 'digest': ''}
    file = unit.downloads / 'wish.json'
    file.write_text(json.dumps({'items': [{**empty, **item} for item in items], **more}))
    os.chown(file, site.FETCH_USER, site.FETCH_USER)


@contextlib.contextmanager
def fetching(unit: site.Unit) -> Generator[Callable[[], dict[str, Any]]]:
    """Run the program; what is given waits for its next answer."""
    answer = '/var/lib/wordpress/downloads/answer.json'
    # What the charm is told by is a line here: a command with the answer in it.
    command = unit.enter('/usr/bin/wordpress-fetch', '/bin/sh', '-c', f'cat {answer} >&2; echo >&2', user=450)
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr is not None
        lines = running.stderr
        said: list[str] = []

        def told() -> dict[str, Any]:
            for line in lines:
                if line.startswith('{'):
                    return json.loads(line)
                said.append(line)
            raise AssertionError(said)

        try:
            yield told
        finally:
            running.kill()


def serve(unit: site.Unit, tree: str) -> None:
    """Do what the charm does with an answer."""
    unit.push(unit.site | {'downloads': tree})
    unit.defines['DOWNLOADS'] = f'/var/lib/wordpress/downloads/trees/{tree}'
    unit.stop()
    unit.start()


@pytest.mark.heavy
def test_a_plugin_is_fetched_checked_and_used(unit: site.Unit, origin: Origin, fetch: Fetch) -> None:
    origin.publish('shop', '1.2', origins.plugin('shop', '1.2'))
    answer = fetch({'slug': 'shop'})
    assert answer['failures'] == []
    (pin,) = answer['pins']
    assert (pin['version'], pin['file']) == ('1.2', 'shop.1.2.zip')
    assert origin.heard() == [
        f'{API}/plugins/info/1.2/',
        f'{FILES}/plugin/shop.1.2.zip',
        f'{FILES}/plugin-checksums/shop/1.2.json',
    ]
    assert set(origin.tunnels) == {f'{API}:443', f'{FILES}:443'}
    tree = unit.downloads / 'trees' / answer['tree']
    owners = {
        (path.lstat().st_uid, path.lstat().st_mode & 0o022) for path in (tree / 'plugins/shop').rglob('*')
    }
    assert owners == {(site.FETCH_USER, 0)}

    assert unit.install()['ok']
    serve(unit, answer['tree'])
    assert unit.wpctl('apply', {'plugins': {'activate': ['shop', 'akismet']}})['changed'] == [
        'plugin:+akismet',
        'plugin:+shop',
    ]
    page = unit.get('/').text
    assert '<p>shop 1.2</p><img src="https://blog.example.com/wp-content/plugins/shop/mark.svg">' in page
    assert unit.get('/wp-content/plugins/shop/mark.svg').status == 200
    assert unit.get('/wp-content/plugins/akismet/_inc/akismet.css').status == 200
    assert unit.get('/wp-content/plugins/shop/readme.txt').status == 403
    assert unit.get('/wp-content/plugins/shop/parts/').status == 404
    # The dashboard installs and updates nothing: neither can the process.
    browser = site.Browser(unit)
    browser.log_in('admin', 'secret')
    assert browser.get('/wp-admin/plugins.php').text.count('shop.php') > 0
    assert browser.get('/wp-admin/plugin-install.php').status == 403
    touched = unit.enter(
        '/bin/sh', '-c', f'echo >/var/lib/wordpress/downloads/trees/{tree.name}/plugins/shop/x.php'
    )
    assert subprocess.run(touched, capture_output=True, check=False).returncode != 0

    assert unit.wpctl('apply', {'plugins': {'deactivate': ['shop']}})['changed'] == ['plugin:-shop']
    assert 'shop 1.2' not in unit.get('/').text


@pytest.mark.heavy
def test_a_theme_is_the_sites_until_it_is_left(
    unit: site.Unit, origin: Origin, fetch: Fetch, base: site.Database
) -> None:
    origin.publish('paper', '3', origins.theme('paper', '3'), kind='themes')
    answer = fetch({'kind': 'themes', 'slug': 'paper'})
    assert [pin['slug'] for pin in answer['pins']] == ['paper']
    assert unit.install()['ok']
    before = unit.wpctl('status')['themes']
    serve(unit, answer['tree'])
    assert unit.wpctl('apply', {'theme': 'paper'})['changed'] == ['theme:paper']
    page = unit.get('/').text
    assert 'theme paper 3' in page
    assert 'https://blog.example.com/wp-content/themes/paper/style.css' in page
    assert unit.get('/wp-content/themes/paper/style.css').status == 200
    assert unit.get('/wp-content/themes/paper/index.php').status == 403
    assert {one['slug'] for one in unit.wpctl('status')['themes']} == {
        'paper',
        *(one['slug'] for one in before),
    }

    (changed,) = unit.wpctl('apply', {'leave_themes': ['paper']})['changed']
    assert changed in {f'theme:{one["slug"]}' for one in before}
    unit.push(unit.site | {'downloads': ''})
    assert unit.get('/').status == 200
    assert unit.wpctl('status')['themes'] == before


@pytest.mark.heavy
def test_a_plugin_whose_files_went_first_is_switched_off(
    unit: site.Unit, origin: Origin, fetch: Fetch
) -> None:
    origin.publish('shop', '1.2', origins.plugin('shop', '1.2'))
    assert unit.install()['ok']
    unit.push(unit.site | {'downloads': fetch({'slug': 'shop'})['tree']})
    unit.wpctl('apply', {'plugins': {'activate': ['shop']}})
    unit.push(unit.site | {'downloads': ''})
    assert unit.wpctl('apply', {'plugins': {'deactivate': ['shop']}})['changed'] == ['plugin:-shop']
    assert unit.wpctl('apply', {'plugins': {'deactivate': ['shop']}})['changed'] == []


@pytest.mark.heavy
def test_a_plugin_that_ends_wordpress_is_named_and_stays_off(
    unit: site.Unit, origin: Origin, fetch: Fetch
) -> None:
    broken = '<?php\n/* Plugin Name: broken */\nno_such_function();\n'
    origin.publish('broken', '1', origins.plugin('broken', '1', **{'broken.php': broken}))
    assert unit.install()['ok']
    unit.push(unit.site | {'downloads': fetch({'slug': 'broken'})['tree']})
    refused = unit.wpctl('apply', {'plugins': {'activate': ['broken']}})
    assert refused['message'].endswith('broken.php:3, while plugin broken was switched on')
    assert [one['active'] for one in unit.wpctl('status')['plugins'] if one['slug'] == 'broken'] == [False]


def test_what_is_pinned_is_the_same_again(unit: site.Unit, origin: Origin, fetch: Fetch) -> None:
    """A kept archive is not fetched again, but a changed one is; and another content is refused."""
    origin.publish('shop', '1.2', origins.plugin('shop', '1.2'))
    first = fetch({'slug': 'shop'})
    origin.publish('shop', '1.3', origins.plugin('shop', '1.3'))
    origin.heard()
    assert fetch(*first['pins'])['tree'] == first['tree']
    assert origin.heard() == []

    (kept,) = (unit.downloads / 'archives').glob('*.zip')
    kept.write_bytes(kept.read_bytes()[:-5])
    assert fetch(*first['pins'])['tree'] == first['tree']
    assert origin.heard() == [f'{FILES}/plugin/shop.1.2.zip']

    # A readme and the form of the archive say nothing of what runs.
    kept.unlink()
    files = origins.plugin('shop', '1.2', **{'readme.txt': 'tested up to more\n'})
    origin.publish('shop', '1.2', dict(reversed(files.items())))
    assert fetch(*first['pins'])['tree'] == first['tree']

    kept.unlink()
    origin.publish('shop', '1.2', origins.plugin('shop', '1.2', **{'new.php': '<?php // other\n'}))
    (failure,) = fetch(*first['pins'])['failures']
    assert failure['error'] == 'different'
    assert 'is not what the site was given first' in failure['message']


def made(*entries: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, 'w') as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return held.getvalue()


def link(name: str) -> zipfile.ZipInfo:
    found = zipfile.ZipInfo(name)
    found.create_system, found.external_attr = 3, LINK << 16
    return found


GOOD = ('bad/bad.php', b'<?php // Plugin Name: bad\n')
HOSTILE = {
    'a way up': (made(GOOD, ('bad/../../../escaped.php', b'x')), 'leads elsewhere'),
    'an absolute path': (made(GOOD, ('/escaped.php', b'x')), 'leads elsewhere'),
    'a backslash': (made(GOOD, ('bad/..\\..\\escaped.php', b'x')), 'leads elsewhere'),
    'another folder': (made(GOOD, ('akismet/akismet.php', b'x')), 'outside of its folder'),
    'a link': (made(GOOD, (link('bad/etc'), b'/etc/passwd')), 'neither a plain file nor a folder'),
    'a file as folder': (made(GOOD, ('bad/bad.php/x', b'x')), 'a file where it has a folder'),
    'no plugin': (made(('bad/other.php', b'<?php')), 'holds no plugin'),
    'no archive': (b'<html>', 'no sound zip archive'),
    'damage': (made(GOOD).replace(b'Plugin Name: bad', b'Plugin Name: sad'), 'damaged'),
}

QUICK = ('a way up', 'a link')
"""What is tried in every run of CI."""


@pytest.mark.parametrize(
    'name',
    [name if name in QUICK else pytest.param(name, marks=pytest.mark.heavy) for name in HOSTILE],
)
def test_a_hostile_archive_leaves_nothing(unit: site.Unit, origin: Origin, fetch: Fetch, name: str) -> None:
    content, why = HOSTILE[name]
    origin.newest['plugins', 'bad'] = '1'
    origin.files['/plugin/bad.1.zip'] = content
    answer = fetch({'slug': 'bad'})
    assert (answer['tree'], answer['pins']) == ('', [])
    (failure,) = answer['failures']
    assert failure['error'] == 'unsafe'
    assert why in failure['message']
    left = [path.name for path in unit.downloads.rglob('*') if not path.is_dir()]
    assert sorted(left) == ['answer.json', 'wish.json']


@pytest.mark.heavy
def test_a_bomb_is_not_unpacked(unit: site.Unit, origin: Origin, fetch: Fetch) -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(*GOOD)
        with archive.open('bad/zeros', 'w', force_zip64=True) as entry:
            for _ in range(1025):
                entry.write(bytes(1 << 20))
    origin.newest['plugins', 'bad'] = '1'
    origin.files['/plugin/bad.1.zip'] = held.getvalue()
    (failure,) = fetch({'slug': 'bad'})['failures']
    assert failure['message'] == 'the archive is larger than 1 GiB when unpacked'


def test_the_checksums_of_wordpress_org_count(unit: site.Unit, origin: Origin, fetch: Fetch) -> None:
    origin.publish('shop', '1.2', origins.plugin('shop', '1.2'))
    origin.files['/plugin/shop.1.2.zip'] = origins.packed(
        'shop', origins.plugin('shop', '1.2', **{'shop.php': '<?php // Plugin Name: evil'})
    )
    (failure,) = fetch({'slug': 'shop'})['failures']
    assert failure['error'] == 'different'
    assert failure['message'] == 'shop.php is not what the checksums of wordpress.org say'
    # Several digests may be right; of a version without checksums there is nothing to compare.
    right = {
        'files': {
            name: {'sha256': ['0' * 64, hashlib.sha256(text.encode()).hexdigest()]}
            for name, text in origins.plugin('shop', '1.3').items()
        }
    }
    origin.publish('shop', '1.3', origins.plugin('shop', '1.3'))
    origin.files['/plugin-checksums/shop/1.3.json'] = json.dumps(right).encode()
    assert fetch({'slug': 'shop'})['failures'] == []
    origin.publish('old', '1', origins.plugin('old', '1'))
    del origin.files['/plugin-checksums/old/1.json']
    assert fetch({'slug': 'old'})['failures'] == []


@pytest.mark.heavy
@pytest.mark.parametrize(
    ('item', 'why'),
    [
        ({'slug': 'nobody'}, 'wordpress.org has no plugin of this name'),
        ({'slug': 'nobody', 'kind': 'themes'}, 'wordpress.org has no theme of this name'),
        ({'slug': 'nobody', 'version': '9'}, 'wordpress.org has no file nobody.9.zip'),
    ],
)
def test_what_is_unknown_is_named(origin: Origin, fetch: Fetch, item: dict[str, str], why: str) -> None:
    origin.publish('shop', '1.2', origins.plugin('shop', '1.2'))
    answer = fetch({'slug': 'shop'}, item)
    # The rest is there all the same.
    assert [pin['slug'] for pin in answer['pins']] == ['shop']
    assert [(one['error'], one['message']) for one in answer['failures']] == [('unknown', why)]


@pytest.mark.heavy
def test_it_tries_again_by_itself_and_tells_once(unit: site.Unit, origin: Origin) -> None:
    """Nobody there, then ill, then well: each is told once; and nobody else is believed."""
    unit.hosts.write_text(f'127.0.0.1 localhost\n{ADDRESS} {API} {FILES}\n')
    origin.publish('shop', '1.2', origins.plugin('shop', '1.2'))
    wish(unit, {'slug': 'shop'})
    with fetching(unit) as told:
        (failure,) = told()['failures']
        assert failure['error'] == 'unreachable'
        assert failure['message'].startswith('api.wordpress.org does not answer: ')
        with origins.origin(unit.scratch, ADDRESS) as other:
            other.publish('shop', '1.2', origins.plugin('shop', '1.2'))
            (failure,) = told()['failures']
            assert 'certificate' in failure['message']
            assert other.heard() == []
            unit.authorities.write_bytes(other.authority.read_bytes())
            assert told()['failures'] == []
