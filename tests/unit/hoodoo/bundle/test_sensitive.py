"""Which options are taken for secrets."""

from __future__ import annotations

from pathlib import Path

import pytest

from bedrock import charm as charm_files
from hoodoo.bundle.reading import tree
from hoodoo.bundle.wanted import sensitive


@pytest.mark.parametrize(
    ('key', 'value', 'file', 'secret'),
    [
        ('port', 80, 'services', False),
        ('note', 'include-file://{folder}/spec/note', 'services', True),
        ('note', 'include-file://{folder}/local/note', 'services', True),
        ('note', 'include-base64://note', 'services', True),
        ('note', 'plain', '{folder}/local/overlay', True),
        ('admin-password', 'x', 'services', True),
        ('ssl_key', 'x', 'services', True),
        ('keystone-region', 'x', 'services', False),
        ('tls_secret_name', 'blog-tls', 'services', False),
        ('tls_secret_name', 'blog-tls', '{folder}/local/overlay', True),
        ('handed', 'x', 'services', True),
    ],
)
def test_a_secret_is_known_by_where_it_comes_from_or_by_its_name(
    tmp_path: Path, key: str, value: object, file: str, secret: bool
) -> None:
    local = tmp_path / 'local'
    local.mkdir()
    (local / 'note').write_text('x')
    charm = charm_files.from_documents(
        {'metadata': {'name': 'web', 'summary': 'x'}, 'config': {'options': {'handed': {'type': 'secret'}}}},
        'charm web',
    )
    text = value.format(folder=tmp_path) if isinstance(value, str) else value
    written = {key: (tree.Place(file=file.format(folder=tmp_path)), text)}
    found = sensitive.options(written, charm, secret=[local])
    assert (key in found) == secret
