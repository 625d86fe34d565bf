"""The file tree of a project's container, built by mmdebstrap once for each release and kept in the cache."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bedrock import aptarchives, aptsources, errors, process
from bedrock.base import Base

Note = Callable[[str], None]

_PACKAGES = ('ca-certificates', 'python3')
"""Next to what is essential."""
_BUILD_S = 1800.0
_APT_CONF = 'APT::Install-Recommends "false";\\nAcquire::Languages "none";\\nAcquire::Retries "3";\\n'
# Given to mmdebstrap itself it would have each package filtered as it is unpacked: a third of all its work.
_DPKG_CONF = 'path-exclude=/usr/share/man/*\\n'
_SETUP = f"""set -e
printf '{_APT_CONF}' >"$1/etc/apt/apt.conf.d/90hoodoo"
printf '{_DPKG_CONF}' >"$1/etc/dpkg/dpkg.cfg.d/90hoodoo"
rm -rf "$1"/usr/share/man/*
rm -f "$1/etc/hostname" "$1/etc/resolv.conf"
: >"$1/etc/resolv.conf"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """All that a tree follows from."""

    codename: str
    sources: str
    proxy: str = ''

    @property
    def id(self) -> str:
        """Another recipe has another one."""
        parts = (self.codename, self.sources, self.proxy, _PACKAGES, _SETUP, platform.machine())
        return f'{self.codename}-{hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]}'


def this_host(os_release: str) -> aptarchives.Host:
    """What the host with this ``/etc/os-release`` runs.

    Raises:
        Fault: neither Debian nor Ubuntu.
    """
    values = aptarchives.read_release(os_release)
    name, codename = values.get('ID', ''), values.get('VERSION_CODENAME', '')
    if name not in ('debian', 'ubuntu'):
        raise errors.Fault(
            f'cannot make a container on {values.get("PRETTY_NAME", "this machine")}: it takes Debian',
            hint='Make the project containerless, or run hoodoo on Debian or Ubuntu.',
        )
    base = Base(name=name, channel=values.get('VERSION_ID') or codename)
    return aptarchives.Host(base=base, codename=codename)


def recipes(series: str, this: aptarchives.Host) -> list[Recipe]:
    """What to try for *series*, best first: the release itself, then the host's own.

    Raises:
        Fault: apt has no package sources of either.
    """
    proxy = aptsources.proxy()
    found: list[Recipe] = []
    wanted = next((base for base, name in aptarchives.CODENAMES.items() if name == series), None)
    if series != this.codename and wanted is not None:
        sources = aptarchives.here(wanted, this)
        if sources:
            found.append(Recipe(codename=series, sources=aptsources.render(sources), proxy=proxy))
    own = aptsources.of_distribution(
        aptsources.of_host(), distribution=this.base.name, codename=this.codename
    )
    if own:
        found.append(Recipe(codename=this.codename, sources=aptsources.render(own), proxy=proxy))
    if not found:
        raise errors.Fault(
            f'cannot make a container: apt has no package source of {series} or {this.codename} here',
            hint='Add one to /etc/apt/sources.list.d and run apt-get update.',
        )
    return found


def make(tree: Path, series: str, *, cache: Path, note: Note, progress: Note) -> None:
    """Make *tree* the root filesystem of *series*, or of the host's own release where that cannot be had.

    Raises:
        Fault: neither can be had.
    """
    this = this_host(Path('/etc/os-release').read_text())
    candidates = recipes(series, this)
    for recipe in candidates:
        try:
            archive = _archive(recipe, cache / 'rootfs', note=note, progress=progress)
        except errors.Fault as err:
            if recipe is candidates[-1]:
                raise
            note(f'cannot build {recipe.codename}: {err.message.splitlines()[-1].strip()}')
            continue
        if recipe.codename != series:
            note(f'{series} cannot be had here: the container runs {this.base}, {recipe.codename}')
        _unpack(archive, tree)
        return


def _archive(recipe: Recipe, folder: Path, *, note: Note, progress: Note) -> Path:
    """The tree as an archive, built unless it is in the cache."""
    archive = folder / f'{recipe.id}.tar'
    if archive.is_file():
        return archive
    folder.mkdir(parents=True, exist_ok=True)
    note(f'building a root filesystem of {recipe.codename}')
    with tempfile.TemporaryDirectory(prefix='.building-', dir=folder) as name:
        scratch = Path(name)
        scratch.chmod(0o755)  # apt reads the sources as a user of its own
        (scratch / 'sources').write_text(recipe.sources)
        setup = scratch / 'setup'
        proxy = f'cat >"$1/etc/apt/apt.conf.d/91hoodoo-proxy" <<\'END\'\n{recipe.proxy}END\n'
        setup.write_text(f'#!/bin/sh\n{_SETUP}{proxy if recipe.proxy else ""}')
        setup.chmod(0o755)
        made = scratch / 'tree.tar'
        process.run(
            [
                *('setpriv', '--pdeathsig=TERM', '--'),
                *('mmdebstrap', '--mode=root', '--variant=minbase', '--format=tar'),
                *(f'--include={",".join(_PACKAGES)}', '--aptopt=Acquire::Languages "none"'),
                *('--aptopt=APT::Install-Recommends "false"', '--dpkgopt=force-unsafe-io'),
                *(f'--customize-hook={setup}', recipe.codename, made, scratch / 'sources'),
            ],
            env={**os.environ, 'TMPDIR': str(scratch), 'LC_ALL': 'C.UTF-8'},
            timeout_s=_BUILD_S,
            on_line=lambda _, text: progress(text.strip()),
        )
        made.replace(archive)
    return archive


def _unpack(archive: Path, tree: Path) -> None:
    fresh = tree.with_name(f'.{tree.name}.new')
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o755, parents=True)
    words = ['tar', '--extract', '--numeric-owner', '--xattrs', '--xattrs-include=*', '--file', archive]
    process.run([*words, '--directory', fresh, '--exclude=./dev/*'], timeout_s=_BUILD_S)
    fresh.rename(tree)
