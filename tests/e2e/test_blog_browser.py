"""Test 7 of the acceptance tests: somebody with Chromium writes, another one reads and answers."""

from __future__ import annotations

import struct
import sys
import time
import zlib
from pathlib import Path

import pytest

from tests import browser
from tests.blog.model import Blog
from tests.blog.visitors import HOST

pytestmark = pytest.mark.e2e

SITE = f'https://{HOST}'


def test_7_publish_with_an_image_and_comment(blog: Blog, tmp_path: Path) -> None:
    """Bound: visible at most 1 s after it was published."""
    picture = tmp_path / 'hoodoos.png'
    picture.write_bytes(_png(64, 48))
    login = blog.action('wordpress/leader', 'get-initial-password')
    # Uploads are on the disk of the unit that got them, so everybody is sent to one unit here.
    blog.juju('scale-application', 'wordpress', '1')
    blog.wait()
    with browser.chromium(host=HOST, address=blog.address, certificate=blog.certificate) as chromium:
        author, reader = chromium.person(), chromium.person()
        author.go(f'{SITE}/wp-login.php')
        author.fill({'#user_login': login['user'], '#user_pass': login['password']})
        author.click('#wp-submit', leads_on=True)
        assert author.address() == f'{SITE}/wp-admin/'

        author.go(f'{SITE}/wp-admin/media-new.php?browser-uploader')
        author.choose_file('#async-upload', picture)
        author.click('#html-upload', leads_on=True)
        assert author.address().startswith(f'{SITE}/wp-admin/upload.php')

        author.go(f'{SITE}/wp-admin/post-new.php')
        author.wait('wp.data.select("core/editor").getCurrentPostId()')
        author.run(_WRITE)
        began = time.monotonic()
        link = author.run(_PUBLISH)
        published = time.monotonic()
        assert link.startswith(SITE)

        reader.go(link)
        visible = time.monotonic() - published
        assert 'Rain carves the rock' in reader.text()
        width = 'document.querySelector(".wp-block-image img").naturalWidth'
        reader.wait(f'{width} > 0')
        assert reader.run(width) == 64
        sys.stdout.write(f'7: published in {published - began:.2f} s, read {visible:.2f} s later\n')
        assert visible <= 1

        reader.fill({'#comment': 'What a view', '#author': 'Reader', '#email': 'reader@example.com'})
        reader.click('#submit', leads_on=True)
        assert 'awaiting moderation' in reader.text()
        author.go(f'{SITE}/wp-admin/edit-comments.php?comment_status=moderated')
        assert 'What a view' in author.text()
        author.click('.row-actions .approve a', leads_on=False)
        author.wait('document.body.innerText.includes("No comments awaiting moderation")')
        stranger = chromium.person()
        stranger.go(link)
        assert 'What a view' in stranger.text()
        assert 'awaiting moderation' not in stranger.text()


_WRITE = """(async () => {
    const [image] = await wp.apiFetch({path: '/wp/v2/media?per_page=1'});
    const block = wp.blocks.createBlock;
    wp.data.dispatch('core/editor').editPost({title: 'Hoodoos'});
    wp.data.dispatch('core/block-editor').insertBlocks([
        block('core/paragraph', {content: 'Rain carves the rock'}),
        block('core/image', {id: image.id, url: image.source_url, alt: 'Rocks'}),
    ]);
})()"""
"""What the editor's own buttons call; where those are changes with every version of the editor."""
_PUBLISH = """(async () => {
    wp.data.dispatch('core/editor').editPost({status: 'publish'});
    await wp.data.dispatch('core/editor').savePost();
    return wp.data.select('core/editor').getPermalink();
})()"""


def _png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack('>I', len(content)) + kind + content + struct.pack('>I', zlib.crc32(kind + content))
        )

    rows = b''.join(
        b'\0' + bytes(((x * 4) % 256, (y * 5) % 256, 90)[n] for x in range(width) for n in range(3))
        for y in range(height)
    )
    header = struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0)
    return (
        b'\x89PNG\r\n\x1a\n'
        + chunk(b'IHDR', header)
        + chunk(b'IDAT', zlib.compress(rows))
        + chunk(b'IEND', b'')
    )
