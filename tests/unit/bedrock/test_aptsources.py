"""The host's package sources, from both of apt's formats."""

from __future__ import annotations

import pytest

from bedrock import aptsources
from bedrock.aptsources import Source

DEB822 = """# comment
Types: deb deb-src
URIs: http://archive.example/debian
Suites: bookworm bookworm-updates bookworm-backports
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb-src
URIs: http://archive.example/debian
Suites: bookworm
Components: main

Enabled: no
Types: deb
URIs: http://elsewhere/debian
Suites: bookworm
Components: main
"""

ONE_LINE = """
# deb http://commented/debian bookworm main
deb [arch=amd64 signed-by=/k/debian-archive-keyring.gpg] http://archive.example/debian bookworm main # note
deb-src http://archive.example/debian bookworm main
deb [trusted=yes] http://mirror.lan/debian bookworm-security main non-free
"""


def test_both_formats_give_enabled_binary_sources() -> None:
    keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'
    assert aptsources.parse_deb822(DEB822) == (
        Source(
            uris=('http://archive.example/debian',),
            suites=('bookworm', 'bookworm-updates', 'bookworm-backports'),
            components=('main', 'contrib'),
            signed_by=keyring,
        ),
    )
    assert aptsources.parse_one_line(ONE_LINE) == (
        Source(
            uris=('http://archive.example/debian',),
            suites=('bookworm',),
            components=('main',),
            signed_by='/k/debian-archive-keyring.gpg',
        ),
        Source(
            uris=('http://mirror.lan/debian',),
            suites=('bookworm-security',),
            components=('main', 'non-free'),
            trusted=True,
        ),
    )


def _source(uri: str, suite: str, component: str, key: str = '') -> Source:
    return Source(uris=(uri,), suites=(suite,), components=(component,), signed_by=key)


@pytest.mark.parametrize(
    ('source', 'kept'),
    [
        (_source('http://archive.example/debian', 'bookworm', 'main'), True),
        (_source('http://archive.example/debian-security', 'bookworm-security', 'main'), True),
        (_source('http://archive.example/debian', 'bookworm', 'main', '/k/debian-archive-keyring.gpg'), True),
        (_source('https://download.docker.com/linux/debian', 'bookworm', 'stable'), False),
        (_source('http://apt.postgresql.org/pub/repos/apt', 'bookworm-pgdg', 'main'), False),
        (_source('https://apt.example.com', 'bookworm', 'main', '/etc/apt/keyrings/example.gpg'), False),
        (_source('http://archive.example/debian', 'trixie', 'main'), False),
        (_source('cdrom:[Debian]/', 'bookworm', 'main'), False),
    ],
)
def test_only_the_distributions_own_sources_are_kept(source: Source, kept: bool) -> None:
    found = aptsources.of_distribution([source], distribution='debian', codename='bookworm')
    assert bool(found) is kept


def test_a_mirror_list_is_replaced_by_what_it_lists() -> None:
    source = _source('mirror+file:///etc/apt/mirrors/debian.list', 'bookworm', 'main')
    files = {
        '/etc/apt/mirrors/debian.list': '# first is best\nhttps://one/debian priority:1\nhttps://two/debian\n'
    }
    (expanded,) = aptsources.expand_mirrors([source], files)
    assert expanded.uris == ('https://one/debian', 'https://two/debian')


def test_what_is_rendered_reads_back_the_same() -> None:
    sources = (*aptsources.parse_deb822(DEB822), *aptsources.parse_one_line(ONE_LINE))
    assert aptsources.parse_deb822(aptsources.render(sources)) == sources


def test_an_inline_key_survives_rendering() -> None:
    text = (
        'Types: deb\nURIs: http://a/\nSuites: bookworm\nComponents: main\nSigned-By:\n -----BEGIN\n .\n abc\n'
    )
    (source,) = aptsources.parse_deb822(text)
    assert ' .\n abc' in source.signed_by
    assert aptsources.parse_deb822(aptsources.render([source])) == (source,)
