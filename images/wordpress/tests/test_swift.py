"""Object storage in a real Swift, with tokens of a real Keystone and of its own; both are Debian's."""

from __future__ import annotations

import json
import shutil
import time
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import neighbours
import pytest
import site_of_image as site

MakeUnit = Callable[..., site.Unit]
BYTES = bytes.fromhex(
    '89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d4944415478'
    '9c6360606060000000050001a5f645400000000049454e44ae426082'
)
pytestmark = pytest.mark.heavy


@pytest.fixture(scope='module')
def swift(tmp_path_factory: pytest.TempPathFactory) -> Iterator[neighbours.Swift]:
    with neighbours.swift(tmp_path_factory.mktemp('swift')) as running:
        yield running


def _given(swift: neighbours.Swift, version: str) -> dict[str, Any]:
    common = {'kind': 'swift', 'container': 'media', 'prefix': f'wp {version}/'}
    if version == 'v3':
        asked = {'auth_url': swift.keystone, 'username': 'writer', 'password': neighbours.PASSWORD}
        return common | asked | {'project': 'blogs', 'region': 'here'}
    return common | {'auth_url': swift.tempauth, 'username': 'blogs:writer', 'password': 'p455-of-own'}


def _upload(browser: site.Browser, name: str) -> site.Reply:
    headers = {'Content-Type': 'image/png', 'Content-Disposition': f'attachment; filename="{name}"'}
    return browser.rest('POST', '/wp/v2/media', raw=BYTES, headers=headers)


def _path(reply: site.Reply) -> str:
    assert reply.status == 201, reply.text
    return str(json.loads(reply.text)['source_url']).removeprefix('https://blog.example.com')


@pytest.mark.parametrize('version', ['v3', 'v1'])
def test_20_what_one_unit_uploads_all_serve(
    make_unit: MakeUnit, swift: neighbours.Swift, version: str
) -> None:
    """Test 20: the same bytes on three units by proxy and by redirect; deleted there when deleted here."""
    given = _given(swift, version)
    first = make_unit(object_storage=given | {'serve': 'proxy'})
    assert first.install()['ok']
    units = [first, *(make_unit(like=first) for _ in range(2))]
    for unit in units:
        unit.start()
    browser = site.Browser(first)
    browser.log_in('admin', 'secret')
    made = _upload(browser, "it's ü +.png")
    path = _path(made)
    for unit in units:
        got = unit.get(path)
        assert (got.status, got.body, got.headers['content-type']) == (200, BYTES, 'image/png')
    assert units[1].get('/wp-content/uploads/2026/absent.png').status == 404
    units[1].push(first.site | {'object_storage': given | {'serve': 'redirect'}})
    moved = units[1].get(path)
    assert moved.status == 302
    with urllib.request.urlopen(moved.headers['location'], timeout=20) as answer:
        assert answer.read() == BYTES
    # Files that were here before there was storage.
    (first.uploads / 'old.txt').write_text('of before')
    shutil.chown(first.uploads / 'old.txt', site.WEB_USER, site.WEB_USER)
    synced = first.wpctl('media-sync')
    assert (synced['uploaded'], synced['failed_count']) == (1, 0)
    assert first.wpctl('media-sync')['uploaded'] == 0
    assert units[2].get('/wp-content/uploads/old.txt').text == 'of before'
    number = json.loads(made.text)['id']
    assert browser.rest('DELETE', f'/wp/v2/media/{number}?force=true').status == 200
    assert [unit.get(path).status for unit in (first, units[2])] == [404, 404]
    first.push(first.site | {'object_storage': given | {'password': 'n0t-that-one'}})
    failed = _upload(browser, 'b.png')
    assert failed.status >= 400
    assert 'refuses our key' in failed.text
    first.push(first.site | {'object_storage': given | {'container': 'absent'}})
    failed = _upload(browser, 'c.png')
    assert failed.status >= 400
    assert 'kept on this unit' in failed.text
    assert list(first.uploads.rglob('c.png'))
    assert given['password'] not in first.log.read_text()


def test_20_storage_that_goes_down(make_unit: MakeUnit, swift: neighbours.Swift) -> None:
    """Nothing is lost, and an upload says why it failed; the last of these tests, for it ends the proxies."""
    unit = make_unit(object_storage=_given(swift, 'v3') | {'serve': 'proxy'})
    assert unit.install()['ok']
    unit.start()
    browser = site.Browser(unit)
    browser.log_in('admin', 'secret')
    _path(_upload(browser, 'before.png'))
    swift.stop_storage()
    began = time.monotonic()
    failed = _upload(browser, 'after.png')
    assert failed.status >= 400
    assert 'does not answer' in failed.text
    assert time.monotonic() - began < 10
    (kept,) = unit.uploads.rglob('after.png')
    assert kept.read_bytes() == BYTES
    assert unit.get('/').status == 200
