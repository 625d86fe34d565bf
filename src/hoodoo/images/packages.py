"""Packages of a release, by apt: which ones a set of names comes to, and their files.

apt has a folder of its own here, with the release's sources and nothing installed. It checks the archive's
signature; what it brings is checked against the lock once more.
"""

from __future__ import annotations

import contextlib
import dataclasses
import email.utils
import hashlib
import os
import re
import tempfile
import urllib.parse
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bedrock import aptarchives, aptsources, errors, process, trees
from hoodoo.images import kept
from hoodoo.images import lock as locks
from hoodoo.images.lock import Lock, Package, Suite
from hoodoo.images.recipe import Recipe

_UPDATE_S = 600.0
_FETCH_S = 1800.0
_ASK_S = 120.0
_ROLLING = ('sid', 'unstable', 'experimental')
"""Releases without suites of updates."""
_URI = re.compile(r"^'[^']+' (\S+) (\d+) SHA256:([0-9a-f]{64})$", re.MULTILINE)
_AT_ONCE = 200

Told = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stanza:
    """A package as an archive offers it."""

    name: str
    version: str
    architecture: str
    sha256: str
    size: int
    source: str
    essential: bool


class Release:
    """One release of a distribution, as its archive is now."""

    def __init__(self, folder: Path, distribution: str, release: str) -> None:
        self._folder, self._release = folder, release
        self._distribution = distribution

    @property
    def name(self) -> str:
        """Of the release."""
        return self._release

    def update(self) -> None:
        """Ask the archive what it has.

        Raises:
            Fault: there is no source of the release, or it cannot be reached.
        """
        found = sources(self._distribution, self._release)
        if not found:
            raise errors.Fault(
                f'cannot get packages of {self._distribution} {self._release}: there is no source of it here',
                hint=f'Run "apt-get install {self._distribution}-archive-keyring".',
            )
        for name in ('lists/partial', 'cache/archives/partial'):
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        (self._folder / 'status').write_text('')
        (self._folder / 'release.sources').write_text(aptsources.render(found))
        (self._folder / 'apt.conf').write_text(self._conf())
        self._run('apt-get', '--quiet', '--error-on=any', 'update', timeout_s=_UPDATE_S)

    def suites(self) -> list[Suite]:
        """The archive's suites as they are now."""
        found: list[Suite] = []
        for path in sorted((self._folder / 'lists').glob('*_InRelease')):
            data = path.read_bytes()
            fields = dict(
                line.split(': ', 1) for line in data.decode(errors='replace').splitlines() if ': ' in line
            )
            # apt makes the name of the file of the address: host_path_dists_suite_InRelease.
            uri, _, suite = path.name.removesuffix('_InRelease').partition('_dists_')
            found.append(
                Suite(
                    uri=uri.replace('_', '/'),
                    suite=suite,
                    date=fields.get('Date', ''),
                    sha256=hashlib.sha256(data).hexdigest(),
                )
            )
        return found

    def essential(self) -> list[str]:
        """Names of the packages that every system of the release has."""
        text = self._run('apt-cache', 'dumpavail', timeout_s=_ASK_S)
        return sorted({one.name for one in stanzas(text) if one.essential})

    def resolve(self, names: Sequence[str]) -> list[Package]:
        """What installing *names* on nothing would install.

        Raises:
            Fault: it cannot be done.
        """
        argv = ('apt-get', 'install', '--yes', '--print-uris', '--no-install-recommends', '--', *names)
        return self._chosen(self._run(*argv, timeout_s=_ASK_S))

    def candidates(self, names: Sequence[str]) -> list[Package]:
        """The packages *names* themselves, in the versions that would be installed."""
        if not names:
            return []
        return self._chosen(self._run('apt-get', 'download', '--print-uris', '--', *names, timeout_s=_ASK_S))

    def offered(self, names: Iterable[str]) -> dict[str, list[Stanza]]:
        """All versions of *names* that the archive has, best first."""
        found: dict[str, list[Stanza]] = {}
        wanted = sorted(set(names))
        for start in range(0, len(wanted), _AT_ONCE):
            argv = ('apt-cache', 'show', '--', *wanted[start : start + _AT_ONCE])
            for one in stanzas(self._run(*argv, timeout_s=_ASK_S, check=False)):
                found.setdefault(one.name, []).append(one)
        return found

    def download(self, wanted: Sequence[Package], folder: Path) -> None:
        """Bring *wanted* into *folder*."""
        argv = [
            'apt-get',
            '--quiet',
            'download',
            '--',
            *(f'{one.name}:{one.architecture}={one.version}' for one in wanted),
        ]
        self._run(*argv, timeout_s=_FETCH_S, cwd=folder)

    def _chosen(self, text: str) -> list[Package]:
        digests = {digest: urllib.parse.unquote(name) for name, _, digest in _URI.findall(text)}
        names = {name.partition('_')[0] for name in digests.values()}
        known = {one.sha256: one for found in self.offered(names).values() for one in found}
        return sorted(
            Package(
                name=one.name,
                version=one.version,
                architecture=one.architecture,
                sha256=digest,
                size=one.size,
                release=self._release,
                source=one.source,
            )
            for digest in digests
            if (one := known[digest])
        )

    def _run(self, *argv: str, timeout_s: float, check: bool = True, cwd: Path | None = None) -> str:
        env = {**os.environ, 'APT_CONFIG': str(self._folder / 'apt.conf'), 'LC_ALL': 'C.UTF-8'}
        done = process.run(argv, env=env, timeout_s=timeout_s, check=False, cwd=cwd)
        if check and done.returncode != 0:
            said = [line for line in done.stderr.splitlines() if line.startswith(('E:', 'W:'))]
            text = ''.join(f'\n    {line}' for line in (said or done.stderr.splitlines())[-8:])
            raise errors.Fault(f'cannot get packages of {self._distribution} {self._release}{text}')
        return done.stdout

    def _conf(self) -> str:
        settings = {
            'Dir::Etc::SourceList': self._folder / 'release.sources',
            'Dir::Etc::SourceParts': '/dev/null',
            'Dir::Etc::Preferences': '/dev/null',
            'Dir::Etc::PreferencesParts': '/dev/null',
            'Dir::State': self._folder,
            'Dir::State::Lists': self._folder / 'lists',
            'Dir::State::Status': self._folder / 'status',
            'Dir::Cache': self._folder / 'cache',
            'Acquire::Languages': 'none',
            'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled': 'false',
            'Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled': 'false',
            'Acquire::ForceHash': 'sha256',
            'Acquire::Retries': '3',
            'APT::Install-Recommends': 'false',
            'APT::Sandbox::User': 'root',
        }
        return ''.join(f'{name} "{value}";\n' for name, value in settings.items())


def sources(distribution: str, release: str) -> tuple[aptsources.Source, ...]:
    """Where packages of *release* are: the host's own archive, or the distribution's."""
    known = aptsources.of_host()
    own = aptsources.of_distribution(known, distribution=distribution, codename=release)
    if own:
        return own
    archive = aptarchives.ARCHIVES.get(distribution)
    if archive is None or not Path(archive.keyring).is_file():
        return ()
    here = aptarchives.read_release(Path('/etc/os-release').read_text())
    # A mirror that the host has of another release most likely has this one too.
    related = aptsources.of_distribution(
        known, distribution=distribution, codename=here.get('VERSION_CODENAME', '-')
    )
    codename = here.get('VERSION_CODENAME', '')
    if related:
        found = tuple(
            dataclasses.replace(
                source,
                suites=tuple(
                    release + suite.removeprefix(codename)
                    for suite in source.suites
                    if release not in _ROLLING or suite == codename
                ),
                components=archive.components,
            )
            for source in related
        )
        return tuple(source for source in found if source.suites)
    updates = () if release in _ROLLING else (f'{release}-updates',)
    security = () if release in _ROLLING else (f'{release}{archive.security_suite}',)
    pairs = ((archive.mirror, (release, *updates)), (archive.security, security))
    return tuple(
        aptsources.Source(
            uris=(uri,), suites=suites, components=archive.components, signed_by=archive.keyring
        )
        for uri, suites in pairs
        if suites
    )


def stanzas(text: str) -> list[Stanza]:
    """Read what apt-cache prints of packages."""
    found: list[Stanza] = []
    for block in text.split('\n\n'):
        fields: dict[str, str] = {}
        for line in block.splitlines():
            name, colon, value = line.partition(': ')
            if colon and name and name[0] not in ' \t':
                fields[name] = value
        if 'Package' in fields and 'SHA256' in fields:
            found.append(
                Stanza(
                    name=fields['Package'],
                    version=fields.get('Version', ''),
                    architecture=fields.get('Architecture', ''),
                    sha256=fields['SHA256'],
                    size=int(fields.get('Size', '0')),
                    source=fields.get('Source', ''),
                    essential=fields.get('Essential') == 'yes',
                )
            )
    return found


def make_lock(recipe: Recipe, cache: Path, *, architecture: str, told: Told) -> Lock:
    """Choose what *recipe* is made of, of what archives have now.

    Raises:
        Fault: an archive cannot be reached, or does not have what is wanted.
    """
    suites: list[Suite] = []
    unpack: list[Package] = []
    installed: list[Package] = []
    for release in sorted({recipe.release, *(one.release for one in recipe.unpack)}):
        with _release(cache, recipe.distribution, release) as found:
            told(f'asking the archive of {recipe.distribution} {release}')
            found.update()
            suites += found.suites()
            unpack += found.candidates([one.package for one in recipe.unpack if one.release == release])
            if release == recipe.release:
                installed = found.resolve([*found.essential(), *recipe.packages])
    return Lock(
        asked=locks.asked(recipe),
        architecture=architecture,
        epoch=max(_seconds(suite.date) for suite in suites),
        suites=tuple(suites),
        packages=tuple(installed),
        unpack=tuple(sorted(unpack)),
    )


def fetch(recipe: Recipe, lock: Lock, cache: Path, *, told: Told) -> Mapping[str, Path]:
    """The file of each locked package by its digest; what is in the cache is not fetched.

    Raises:
        Fault: an archive has other versions now, or another content.
    """
    folder = cache / 'debs'
    folder.mkdir(parents=True, exist_ok=True)
    everything = (*lock.packages, *lock.unpack)
    # What a disk made of a file since it was checked does not stand in the way for ever.
    missing = [one for one in everything if not kept.is_whole(folder / f'{one.sha256}.deb', one.sha256)]
    by_release: dict[str, list[Package]] = {}
    for one in missing:
        by_release.setdefault(one.release, []).append(one)
    gone: list[locks.Change] = []
    for release, wanted in sorted(by_release.items()):
        with _release(cache, recipe.distribution, release) as found:
            told(f'asking the archive of {recipe.distribution} {release}')
            found.update()
            lost = missing_from(wanted, found.offered(one.name for one in wanted))
            gone += lost
            if not lost and not gone:
                told(f'fetching {len(wanted)} packages of {release}')
                _bring(found, wanted, folder)
    if gone:
        raise locks.moved(recipe, gone)
    return {one.sha256: folder / f'{one.sha256}.deb' for one in everything}


def missing_from(wanted: Iterable[Package], offered: Mapping[str, Sequence[Stanza]]) -> list[locks.Change]:
    """Which of *wanted* are not *offered*, and what is instead.

    Raises:
        Fault: a version is offered with another content than the locked one.
    """
    gone: list[locks.Change] = []
    for one in wanted:
        there = offered.get(one.name, ())
        same = [other for other in there if other.version == one.version]
        if any(other.sha256 == one.sha256 for other in same):
            continue
        if same:
            raise errors.Fault(
                f'cannot take {one.name} {one.version}: the archive has it with another content '
                f'(sha256 {same[0].sha256}, locked is {one.sha256})',
                hint='Find out why before you lock it again.',
            )
        gone.append(locks.Change(name=one.name, old=one.version, new=there[0].version if there else ''))
    return gone


def _bring(release: Release, wanted: Sequence[Package], folder: Path) -> None:
    prefix = f'.new-{release.name}-'
    for left in folder.glob(f'{prefix}*'):
        trees.remove(left)
    with tempfile.TemporaryDirectory(prefix=prefix, dir=folder) as name:
        scratch = Path(name)
        release.download(wanted, scratch)
        digests: dict[str, Path] = {}
        for path in scratch.glob('*.deb'):
            with path.open('rb') as opened:
                digests[hashlib.file_digest(opened, 'sha256').hexdigest()] = path
        for one in wanted:
            if one.sha256 not in digests:
                raise errors.Fault(f'cannot take {one.name} {one.version}: what came has another sha256')
            digests[one.sha256].replace(folder / f'{one.sha256}.deb')


@contextlib.contextmanager
def _release(cache: Path, distribution: str, release: str) -> Generator[Release]:
    """A release, for one process at a time."""
    folder = cache / 'apt' / f'{distribution}-{release}'
    with trees.held(folder.with_name(f'.{folder.name}.lock')):
        yield Release(folder, distribution, release)


def _seconds(date: str) -> int:
    try:
        return int(email.utils.parsedate_to_datetime(date).timestamp())
    except ValueError:
        return 0
