"""A bill of materials, as SPDX 2.3 JSON: each file of an image, and what it is from."""

from __future__ import annotations

import datetime
import hashlib
import os
import re
import stat
import urllib.parse
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hoodoo.images import base
from hoodoo.images.lock import Lock, Package
from hoodoo.images.recipe import Recipe

_OURS = 'recipe'
_MADE = 'build'
_UNSAFE = re.compile(r'[^A-Za-z0-9.-]')


def make(recipe: Recipe, lock: Lock, tree: Path, *, digest: str, owners: Mapping[str, str]) -> dict[str, Any]:
    """The document of the image *digest*, whose files are in *tree*.

    Args:
        owners: Path -> what it is from, for what no installed package has: the name of a package or tarball.
    """
    installed = owned(tree)
    files: list[dict[str, Any]] = []
    relations: list[dict[str, str]] = []
    used: set[str] = set()
    for path in base.every(tree):
        if not stat.S_ISREG(path.lstat().st_mode):
            continue
        name = f'/{path.relative_to(tree)}'
        source = owners.get(name) or installed.get(name) or _MADE
        used.add(source)
        files.append(_file(path, name))
        relations.append(_relation(_id(source), 'CONTAINS', files[-1]['SPDXID']))
    made_of = {one.name: one for one in (*lock.packages, *lock.unpack)}
    packages = [
        _package(one) for one in made_of.values() if one.name in used or one.name in set(installed.values())
    ]
    packages += [
        _part(one.path, one.version or one.sha256[:12], url=one.url, sha256=one.sha256)
        for one in recipe.tarballs
    ]
    packages.append(_part(_OURS, recipe.name, comment='files of the recipe'))
    packages.append(_part(_MADE, digest, comment='made by scripts of packages when the image was built'))
    created = datetime.datetime.fromtimestamp(lock.epoch, datetime.UTC).strftime('%Y-%m-%dT%H:%M:%SZ')
    image = _part('image', digest, comment=recipe.summary)
    relations = [
        _relation('SPDXRef-DOCUMENT', 'DESCRIBES', image['SPDXID']),
        *(_relation(image['SPDXID'], 'CONTAINS', one['SPDXID']) for one in packages),
        *relations,
    ]
    return {
        'spdxVersion': 'SPDX-2.3',
        'dataLicense': 'CC0-1.0',
        'SPDXID': 'SPDXRef-DOCUMENT',
        'name': recipe.name,
        'documentNamespace': f'urn:oci:{recipe.name}:{digest}',
        'creationInfo': {'created': created, 'creators': ['Tool: hoodoo-image-build']},
        'packages': [image, *packages],
        'files': files,
        'relationships': relations,
    }


def owned(tree: Path) -> dict[str, str]:
    """Path -> the installed package that has it, by dpkg's own lists."""
    found: dict[str, str] = {}
    for path in sorted((tree / 'var/lib/dpkg/info').glob('*.list')):
        package = path.name.removesuffix('.list').partition(':')[0]
        for line in path.read_text(errors='replace').splitlines():
            # Packages name files as they were before /bin, /lib and /sbin became links.
            real = base.inside(tree, tree / line.lstrip('/').rpartition('/')[0]) / line.rpartition('/')[2]
            found[f'/{real.relative_to(tree)}'] = package
    for path in (tree / 'var/lib/dpkg/info').glob('*'):
        found[f'/{path.relative_to(tree)}'] = path.name.rpartition('.')[0].partition(':')[0]
    return found


def names(tree: Path) -> Iterable[str]:
    """Paths of all files of a staged folder, as they will be in the image."""
    for path in base.every(tree):
        if path.is_symlink() or not path.is_dir():
            yield f'/{path.relative_to(tree)}'


def _file(path: Path, name: str) -> dict[str, Any]:
    with path.open('rb') as opened:
        strong = hashlib.file_digest(opened, 'sha256').hexdigest()
        os.lseek(opened.fileno(), 0, os.SEEK_SET)
    with path.open('rb') as opened:
        weak = hashlib.file_digest(opened, lambda: hashlib.sha1(usedforsecurity=False)).hexdigest()
    return {
        'SPDXID': f'SPDXRef-File-{hashlib.sha256(name.encode()).hexdigest()[:20]}',
        'fileName': f'.{name}',
        'checksums': [
            {'algorithm': 'SHA1', 'checksumValue': weak},
            {'algorithm': 'SHA256', 'checksumValue': strong},
        ],
    }


def _package(one: Package) -> dict[str, Any]:
    version = urllib.parse.quote(one.version, safe='.~-')
    return {
        'SPDXID': _id(one.name),
        'name': one.name,
        'versionInfo': one.version,
        'supplier': 'Organization: Debian',
        'downloadLocation': 'NOASSERTION',
        'filesAnalyzed': False,
        'checksums': [{'algorithm': 'SHA256', 'checksumValue': one.sha256}],
        'sourceInfo': f'built from {one.source or one.name}',
        'externalRefs': [
            {
                'referenceCategory': 'PACKAGE-MANAGER',
                'referenceType': 'purl',
                'referenceLocator': f'pkg:deb/debian/{one.name}@{version}?arch={one.architecture}',
            }
        ],
    }


def _part(name: str, version: str, *, comment: str = '', url: str = '', sha256: str = '') -> dict[str, Any]:
    document: dict[str, Any] = {
        'SPDXID': _id(name),
        'name': name.strip('/'),
        'versionInfo': version,
        'downloadLocation': url or 'NOASSERTION',
        'filesAnalyzed': False,
    }
    if comment:
        document['comment'] = comment
    if sha256:
        document['checksums'] = [{'algorithm': 'SHA256', 'checksumValue': sha256}]
    return document


def _relation(one: str, kind: str, other: str) -> dict[str, str]:
    return {'spdxElementId': one, 'relationshipType': kind, 'relatedSpdxElement': other}


def _id(name: str) -> str:
    return f'SPDXRef-Package-{_UNSAFE.sub("-", name.strip("/"))}'
