"""Pebble as its makers publish it, for hosts that have neither it nor the Go that builds it.

A release has one archive for each architecture, a program without libraries in it. GitHub tells the SHA-256
of each file of a release; nothing is run before what was downloaded has that sum. Sources: Pebble's workflow
``binaries.yml`` for the names of the archives, GitHub's REST API for releases for ``digest``.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import cast

from bedrock import archives, errors, web

RELEASES = 'https://api.github.com/repos/canonical/pebble/releases/tags/'
_ARCHITECTURES = {
    'x86_64': 'amd64',
    'aarch64': 'arm64',
    **{name: name for name in ('ppc64le', 'riscv64', 's390x')},
}
_PROGRAM = 'pebble'
_MOST_BYTES = 2**28


def archive_name(version: str, machine: str) -> str:
    """What the archive of *version* for *machine*, as uname(1) says it, is called.

    Raises:
        Fault: there is none for such a machine.
    """
    if machine not in _ARCHITECTURES:
        known = ', '.join(_ARCHITECTURES)
        raise errors.Fault(f'Pebble is published for {known} and not for {machine}')
    return f'pebble_{version}_linux_{_ARCHITECTURES[machine]}.tar.gz'


def find(release: object, name: str) -> tuple[str, str]:
    """The address and the SHA-256, in hexadecimal, of the file *name* in the API's word on a release.

    Raises:
        Fault: the release has no such file, or no sum of it is told.
    """
    assets = cast('dict[str, object]', release).get('assets') if isinstance(release, dict) else None
    for asset in cast('list[object]', assets) if isinstance(assets, list) else []:
        if not isinstance(asset, dict):
            continue
        fields = cast('dict[str, object]', asset)
        if fields.get('name') != name:
            continue
        digest = re.fullmatch(r'sha256:([0-9a-f]{64})', str(fields.get('digest')))
        if digest is None:
            raise errors.Fault(f'no SHA-256 of {name} is told, so it is not trusted')
        return str(fields.get('browser_download_url')), digest[1]
    raise errors.Fault(f'the release has no file {name}')


def fetch(version: str, machine: str, folder: Path, *, releases: str = RELEASES) -> Path:
    """Download Pebble *version* for *machine*; returns the program, in *folder*, which is for this alone.

    Raises:
        Fault: it cannot be had, or is not what was published.
    """
    name = archive_name(version, machine)
    url, wanted = find(_asked(f'{releases}{version}'), name)
    archive, digest = folder / name, hashlib.sha256()
    left = _MOST_BYTES
    with archive.open('wb') as file:

        def write(piece: bytes) -> None:
            nonlocal left
            left -= len(piece)
            if left < 0:
                raise errors.Fault(f'{name} is larger than {_MOST_BYTES >> 20} MB')
            digest.update(piece)
            file.write(piece)

        web.get(url, write)
    if digest.hexdigest() != wanted:
        found = digest.hexdigest()
        raise errors.Fault(f'{name} has another SHA-256 than was published: {found}, not {wanted}')
    unpacked = folder / 'unpacked'
    archives.unpack(archive, unpacked)
    program = unpacked / _PROGRAM
    if program.is_symlink() or not program.is_file():
        raise errors.Fault(f'{name} has no program {_PROGRAM}')
    return program


def _asked(url: str) -> object:
    answer = bytearray()
    web.get(url, answer.extend)
    try:
        return json.loads(answer)
    except ValueError:
        raise errors.Fault(f'{url} answers with something else than a release') from None
