"""Images of this machine as resources name them."""

from __future__ import annotations

from pathlib import Path

import pytest

from hoodoo.bundle.wanted import images
from pocket import keptimages

TEXTS = [
    ('oci:/a/b', '/a/b', ''),
    ('oci:/a/b:v1', '/a/b', 'v1'),
    ('oci:/a:1/b', '/a:1/b', ''),
    ('oci:/a:1/b:v1', '/a:1/b', 'v1'),
    ('oci:/a/b:c:v1', '/a/b:c', 'v1'),
    ('oci-archive:/a/b.tar:v1', '/a/b.tar', 'v1'),
]


@pytest.mark.parametrize(('text', 'path', 'tag'), TEXTS)
def test_a_tag_follows_the_last_colon_of_a_path(text: str, path: str, tag: str) -> None:
    image = images.parse(text)
    assert (image.path, image.tag, str(image)) == (path, tag, text)


@pytest.mark.parametrize('text', [text for text, _, _ in TEXTS])
def test_pocket_reads_it_the_same_way(text: str) -> None:
    image = images.parse(text)
    read = keptimages.read(text)
    assert (read.kind, read.path, read.tag) == (f'{image.kind}:', image.path, image.tag)


def test_an_image_is_known_by_its_index_and_tag(tmp_path: Path) -> None:
    assert images.digest(f'oci:{tmp_path}') is None
    (tmp_path / 'index.json').write_text('one')
    one, tagged = images.digest(f'oci:{tmp_path}'), images.digest(f'oci:{tmp_path}:v1')
    assert one is not None
    assert tagged == f'{one}-v1'
    (tmp_path / 'index.json').write_text('two')
    assert images.digest(f'oci:{tmp_path}') not in (one, tagged, None)
