"""Images: the file trees that machines start from, built once from the host's own package sources and cached.

An image never changes: it is the lower layer of every machine made from it. Another recipe is another image.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bedrock import aptsources, errors, process
from bedrock.aptarchives import Host as Host
from bedrock.aptarchives import read_release
from pocket.model import Base
from pocket.settings import Settings
from pocket.substrate import _locks

Note = Callable[[str], None]
"""Told about each step of work that takes time."""

SUPPORTED = ('debian', 'ubuntu')
_BUILD_TIMEOUT_S = 1800.0
_FAILURE_S = 3600.0

PACKAGES = (
    *('systemd', 'systemd-sysv', 'libpam-systemd', 'dbus'),
    *('python3', 'python3-yaml'),
    *('ca-certificates', 'curl', 'gnupg', 'openssh-server', 'sudo'),
    *(
        'iproute2',
        'iputils-ping',
        'netbase',
        'procps',
        'lsb-release',
        'xz-utils',
        'cron',
        'logrotate',
        'tmux',
    ),
)
"""What charms take for granted on a machine of Juju's, and no more."""

_DPKG_CONF = """force-unsafe-io
path-exclude=/usr/share/man/*
path-exclude=/usr/share/locale/*
path-exclude=/usr/share/doc/*
path-include=/usr/share/doc/*/copyright
"""

_APT_CONF = """APT::Get::Assume-Yes "true";
Dpkg::Options { "--force-confdef"; "--force-confold"; };
Acquire::Languages "none";
Acquire::Retries "3";
"""

# After the essential packages are unpacked and before any is configured. Filtering while mmdebstrap unpacks
# would cost 11 s more than this. An empty host key keeps openssh-server from making keys for nothing.
_EARLY = f"""#!/bin/sh
set -e
cat >"$1/etc/dpkg/dpkg.cfg.d/pocket" <<'END'
{_DPKG_CONF}END
mkdir -p "$1/etc/ssh"
for kind in rsa ecdsa ed25519; do : >"$1/etc/ssh/ssh_host_${{kind}}_key"; done
"""

_LATE = f"""#!/bin/sh
set -e
cat >"$1/etc/apt/apt.conf.d/90pocket" <<'END'
{_APT_CONF}END
echo 'debconf debconf/frontend select Noninteractive' | chroot "$1" debconf-set-selections
chroot "$1" useradd --create-home --uid 1000 --user-group --shell /bin/bash --groups adm,sudo ubuntu
echo 'ubuntu ALL=(ALL) NOPASSWD:ALL' >"$1/etc/sudoers.d/90-ubuntu"
chmod 0440 "$1/etc/sudoers.d/90-ubuntu"
echo 'LANG=C.UTF-8' >"$1/etc/default/locale"
for unit in apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer \\
            console-getty.service systemd-networkd-wait-online.service; do
    ln -sf /dev/null "$1/etc/systemd/system/$unit"
done
ln -sf /lib/systemd/system/multi-user.target "$1/etc/systemd/system/default.target"
rm -f "$1"/etc/ssh/ssh_host_* "$1/etc/hostname" "$1/etc/resolv.conf" "$1/var/cache/apt/archives"/*.deb
rm -rf "$1"/usr/share/man/* "$1"/usr/share/locale/*
find "$1/usr/share/doc" -mindepth 2 ! -name copyright ! -type d -delete
find "$1/var/log" -type f -delete
: >"$1/etc/hosts"
: >"$1/etc/resolv.conf"
: >"$1/etc/machine-id"
# With its lists and caches in place, apt answers at once in a machine that has just started.
chroot "$1" apt-cache gencaches
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """All that an image follows from."""

    base: Base
    codename: str
    sources: str
    proxy: str = ''

    @property
    def id(self) -> str:
        """Name of the image: another recipe has another name."""
        parts = (self.codename, self.sources, self.proxy, PACKAGES, _EARLY, _LATE, platform.machine())
        digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]
        return f'{self.base.name}-{self.base.channel}-{digest}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A built image."""

    id: str
    tree: Path
    users: tuple[str, ...]
    """Machines, of any home, that stand on it."""

    @property
    def base(self) -> str:
        """``ubuntu@24.04``; of a workload container's image, ``oci``."""
        name, _, rest = self.id.partition('-')
        if name == 'oci':
            return name
        return f'{name}@{rest.rpartition("-")[0]}'


class Images:
    """The cache of images."""

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.cache / 'images'

    def tree(self, image: str) -> Path:
        """Where the file tree of *image* is, or would be."""
        return self._folder / image

    def list_(self) -> tuple[Image, ...]:
        """The images that are built."""
        if not self._folder.is_dir():
            return ()
        return tuple(
            Image(id=entry.name, tree=entry, users=tuple(self._users(entry.name)))
            for entry in sorted(self._folder.iterdir())
            if entry.is_dir() and not entry.name.startswith('.')
        )

    def imported(self, base: Base) -> Image | None:
        """The image that was imported for *base*."""
        mark = self._mark(base)
        if not mark.is_symlink():
            return None
        found = os.readlink(mark)
        tree = self.tree(found)
        return Image(id=found, tree=tree, users=tuple(self._users(found))) if tree.is_dir() else None

    def imports(self) -> frozenset[str]:
        """Images that were imported and stand for their base."""
        return frozenset(os.readlink(mark) for mark in self._folder.glob('.imported-*') if mark.is_symlink())

    def adopt(self, base: Base, made: Path) -> Image:
        """Take the file tree *made*, in the cache's folder, as the image of *base* from now on."""
        number = hashlib.sha256(os.urandom(16)).hexdigest()[:12]
        tree = self.tree(f'{base.name}-{base.channel}-{number}')
        made.rename(tree)
        part = tree.with_name(f'.{tree.name}.mark')
        part.symlink_to(tree.name)
        part.replace(self._mark(base))
        return Image(id=tree.name, tree=tree, users=())

    def scratch(self) -> Path:
        """A new folder in the cache, for what is not yet an image; the caller removes it."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return Path(tempfile.mkdtemp(prefix='.import-', dir=self._folder))

    def is_out_of_reach(self, recipe: Recipe) -> bool:
        """Whether building *recipe* failed within the last hour."""
        try:
            return time.time() - self._failure(recipe).stat().st_mtime < _FAILURE_S
        except FileNotFoundError:
            return False

    def note_failure(self, recipe: Recipe) -> None:
        """Remember that *recipe* cannot be built, so that not every machine waits for it again."""
        self._failure(recipe).touch()

    def _mark(self, base: Base) -> Path:
        return self._folder / f'.imported-{base.name}-{base.channel}'

    def _failure(self, recipe: Recipe) -> Path:
        return self._folder / f'.{recipe.id}.failed'

    def use(self, image: str, user: str, folder: Path) -> None:
        """Note that the machine *user*, kept in *folder*, stands on *image*."""
        users = self._folder / f'.{image}.users'
        users.mkdir(exist_ok=True)
        with contextlib.suppress(FileExistsError):
            (users / user).symlink_to(folder)

    async def ensure(self, recipe: Recipe, *, note: Note = lambda _: None) -> Image:
        """Return the image of *recipe*, building it unless it is there; two builders wait for each other.

        Raises:
            ProgramFault: it cannot be built.
        """
        tree = self.tree(recipe.id)
        if not tree.is_dir():
            # An image is not for the host's users: its programs may be older than the host's own.
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            async with _locked(self._folder / f'.{recipe.id}.lock', note) as lock:
                if not tree.is_dir():
                    await self._build(recipe, tree, lock=lock, note=note)
        return Image(id=recipe.id, tree=tree, users=tuple(self._users(recipe.id)))

    async def ensure_made(
        self, name: str, make: Callable[[Path], None], *, note: Note = lambda _: None
    ) -> Path:
        """Return the tree of the image *name*, which *make* makes, in a thread, at the path that it is given.

        Two makers wait for each other; of one that failed or was killed nothing is left.
        """
        tree = self.tree(name)
        if not tree.is_dir():
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            async with _locked(self._folder / f'.{name}.lock', note):
                if not tree.is_dir():
                    await self._make(name, tree, make)
        return tree

    async def _make(self, name: str, tree: Path, make: Callable[[Path], None]) -> None:
        for left in self._folder.glob(f'.{name}.new-*'):
            await asyncio.to_thread(shutil.rmtree, left)  # of a maker that was killed
        scratch = Path(tempfile.mkdtemp(prefix=f'.{name}.new-', dir=self._folder))
        making = asyncio.ensure_future(asyncio.to_thread(make, scratch / 'tree'))
        try:
            await asyncio.shield(making)
            (scratch / 'tree').rename(tree)
        finally:
            if not making.done():  # given up: a thread cannot be stopped, and still writes there
                await asyncio.wait([making])
            await asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True)

    def remove(self, image: str) -> None:
        """Remove *image*.

        Raises:
            Fault: there is none, or a machine stands on it.
        """
        tree = self.tree(image)
        if image.startswith('.') or '/' in image or not tree.is_dir():
            known = ', '.join(found.id for found in self.list_()) or 'none'
            raise errors.UsageFault(
                f'cannot remove image {image}: there is no such image', hint=f'Built: {known}.'
            )
        users = self._users(image)
        if users:
            raise errors.Fault(f'cannot remove image {image}: used by {", ".join(users)}')
        doomed = tree.with_name(f'.{image}.removed')
        shutil.rmtree(doomed, ignore_errors=True)
        tree.rename(doomed)
        for mark in self._folder.glob('.imported-*'):
            if mark.is_symlink() and os.readlink(mark) == image:
                mark.unlink()
        shutil.rmtree(doomed)
        shutil.rmtree(self._folder / f'.{image}.users', ignore_errors=True)

    def _users(self, image: str) -> list[str]:
        """Machines that stand on *image*; entries of machines that are gone are forgotten."""
        users: list[str] = []
        with contextlib.suppress(FileNotFoundError):
            for entry in sorted((self._folder / f'.{image}.users').iterdir()):
                if entry.exists():
                    users.append(entry.name)
                else:
                    entry.unlink(missing_ok=True)
        return users

    async def _build(self, recipe: Recipe, tree: Path, *, lock: int, note: Note) -> None:
        for left in self._folder.glob(f'.{recipe.id}.new-*'):
            await asyncio.to_thread(shutil.rmtree, left)  # of a build that was killed
        scratch = Path(tempfile.mkdtemp(prefix=f'.{recipe.id}.new-', dir=self._folder))
        try:
            argv = _prepare(recipe, scratch)
            note(f'building image {recipe.id}')
            await _mmdebstrap(argv, lock=lock, note=note)
            made = scratch / 'tree'
            made.chmod(0o755)
            made.rename(tree)
        finally:
            await asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True)


def read_host(os_release: str) -> Host:
    """Read the text of /etc/os-release.

    Raises:
        Fault: it is a distribution that no image can be built from.
    """
    values = read_release(os_release)
    name = values.get('ID', '')
    if name not in SUPPORTED:
        raise errors.Fault(
            f'cannot make machines on {values.get("PRETTY_NAME", "this host")}: '
            f'images are built on {" and ".join(SUPPORTED)}'
        )
    codename = values.get('VERSION_CODENAME', '')
    return Host(base=Base(name=name, channel=values.get('VERSION_ID') or codename), codename=codename)


def host() -> Host:
    """What this host runs."""
    return read_host(Path('/etc/os-release').read_text())


def recipe_of_host(this: Host) -> Recipe:
    """The recipe for machines that run what this host runs.

    Raises:
        Fault: apt has no sources of the distribution here.
    """
    own = aptsources.of_distribution(
        aptsources.of_host(), distribution=this.base.name, codename=this.codename
    )
    if not own:
        raise errors.Fault(
            f'cannot build an image: apt has no package source of {this.base.name} {this.codename} here',
            hint='Add one to /etc/apt/sources.list.d and run apt-get update.',
        )
    return Recipe(
        base=this.base, codename=this.codename, sources=aptsources.render(own), proxy=aptsources.proxy()
    )


def _prepare(recipe: Recipe, scratch: Path) -> list[str]:
    """Write what mmdebstrap reads into *scratch* and return its command."""
    sources, early, late = scratch / 'pocket.sources', scratch / 'early', scratch / 'late'
    sources.write_text(recipe.sources)
    proxy = (
        f'cat >"$1/etc/apt/apt.conf.d/91pocket-proxy" <<\'END\'\n{recipe.proxy}END\n' if recipe.proxy else ''
    )
    for script, text in ((early, _EARLY), (late, _LATE + proxy)):
        script.write_text(text)
        script.chmod(0o755)
    mmdebstrap = ['mmdebstrap', '--mode=root', '--variant=minbase', '--format=directory']
    return [
        # A build goes with whoever started it: in a group of processes that the kernel ends as one.
        *('setpriv', '--pdeathsig=KILL', '--'),
        *(
            'unshare',
            '--mount',
            '--propagation=private',
            '--pid',
            '--fork',
            '--kill-child',
            '--mount-proc',
            '--',
        ),
        *mmdebstrap,
        '--skip=cleanup/apt,check/empty',
        f'--include={",".join(PACKAGES)}',
        '--aptopt=Acquire::Languages "none"',
        f'--extract-hook={early}',
        f'--customize-hook={late}',
        *(recipe.codename, str(scratch / 'tree'), str(sources)),
    ]


async def _mmdebstrap(argv: list[str], *, lock: int, note: Note) -> None:
    # It inherits the lock: should this process die, a second builder still waits for it to end.
    child = await process.start(argv, env=_build_env(), pass_fds=(lock,), stderr=asyncio.subprocess.STDOUT)
    lines: list[str] = []
    try:
        async with asyncio.timeout(_BUILD_TIMEOUT_S):
            assert child.stdout is not None
            async for raw in child.stdout:
                line = raw.decode(errors='replace').rstrip()
                lines.append(line)
                if line.startswith('I: '):
                    note(line[3:])
            await child.wait()
    except BaseException:
        await asyncio.shield(process.stop(child))
        raise
    if child.returncode != 0:
        tail = ''.join(f'\n    {line}' for line in lines[-20:])
        raise process.ProgramFault(
            f'cannot build the image: mmdebstrap ended with {child.returncode}{tail}',
            hint='Check that "apt-get update" works on this host.',
        )


def _build_env() -> dict[str, str]:
    kept = ('http_proxy', 'https_proxy', 'no_proxy', 'TMPDIR')
    return {
        'PATH': '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        'LANG': 'C.UTF-8',
        'DEBIAN_FRONTEND': 'noninteractive',
        **{name: os.environ[name] for name in kept if name in os.environ},
    }


def _locked(path: Path, note: Note) -> contextlib.AbstractAsyncContextManager[int]:
    return _locks.locked(path, note, waiting='waiting for another build of the same image')
