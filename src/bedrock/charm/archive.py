"""Charm archives: zip files from strangers, as the files that a charm's folder is to hold.

Archives come from charmcraft, from GitHub's download button (all files in one folder) and from Windows (no
modes, names with backslashes). Whatever is wrong with one is a `CharmFault`, before anything is written.
"""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import TracebackType

from bedrock import archives, errors

MAX_UNPACKED_BYTES = 2 * 2**30
"""An archive that claims to unpack to more is refused; no file gives more bytes than it claims."""
MAX_ENTRIES = 100_000
_MAX_PATH = 3000
_MAX_NAME = 255
_MAX_LINK = 4096
_KNOW_MODES = (3, 19)
"""Unix and macOS, in the numbers that zip gives to the system an entry was made on."""
_MARKS = ('metadata.yaml', 'charmcraft.yaml')
_PROGRAMS = ('dispatch', 'hooks/', 'actions/')


class CharmFault(errors.UsageFault):
    """A charm cannot be read, packed or unpacked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One file of a charm."""

    name: str
    """Relative, with slashes, below the charm's own folder."""
    size: int
    executable: bool = False
    link: str = ''
    """Where a symbolic link leads; empty for a file."""


class Archive:
    """An open archive, checked as a whole; use it in a ``with`` block.

    Raises:
        CharmFault: it is damaged, too large, or would write or lead outside a folder.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except FileNotFoundError as err:
            raise CharmFault(f'cannot read charm {path}: there is no such file or folder') from err
        except (*archives.DAMAGE, OSError) as err:
            raise CharmFault(f'cannot read charm {path}: it is not a zip archive') from err
        try:
            self._infos, self.folders = self._listed()
            self.entries: Mapping[str, Entry] = {name: self._entry(name) for name in sorted(self._infos)}
            self._check_layout()
        except BaseException:
            self._zip.close()
            raise

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()

    def read(self, name: str, *, limit: int = MAX_UNPACKED_BYTES) -> bytes:
        """Return the content of a file.

        Raises:
            KeyError: there is none of that name. CharmFault: it is damaged or larger than *limit*.
        """
        info = self._infos[name]
        if info.file_size > limit:
            raise self._fault(f'"{name}" is larger than {limit} bytes')
        try:
            return self._zip.read(info)
        except (*archives.DAMAGE, OSError) as err:
            raise self._fault(f'"{name}" is damaged') from err

    def _listed(self) -> tuple[dict[str, zipfile.ZipInfo], tuple[str, ...]]:
        infos = self._zip.infolist()
        if len(infos) > MAX_ENTRIES:
            raise self._fault(f'it holds more than {MAX_ENTRIES} files')
        if sum(info.file_size for info in infos) > MAX_UNPACKED_BYTES:
            raise self._fault(f'it holds more than {MAX_UNPACKED_BYTES} bytes')
        files: dict[str, zipfile.ZipInfo] = {}
        folders: set[str] = set()
        for info in infos:
            name = self._clean(info.filename)
            is_folder = info.filename.endswith(('/', '\\'))
            if not name:
                continue
            folders.update(parent.as_posix() for parent in PurePosixPath(name).parents if parent.name)
            if is_folder:
                folders.add(name)
            else:
                files[name] = info
        return _rerooted(files, folders)

    def _clean(self, name: str) -> str:
        """*name* in the form that the charm's folder has it; empty for that folder itself."""
        try:
            name.encode()
        except UnicodeEncodeError as err:
            raise self._fault('a name in it is not Unicode') from err
        path = PurePosixPath(name.replace('\\', '/'))
        if path.is_absolute() or '..' in path.parts or (path.parts and path.parts[0].endswith(':')):
            raise self._fault(f'"{name}" leads out of the folder')
        if len(path.as_posix()) > _MAX_PATH or any(len(part.encode()) > _MAX_NAME for part in path.parts):
            raise self._fault(f'the name "{name[:40]}..." is too long')
        return '' if path == PurePosixPath() else path.as_posix()

    def _entry(self, name: str) -> Entry:
        info = self._infos[name]
        mode = info.external_attr >> 16 if info.create_system in _KNOW_MODES else 0
        if info.flag_bits & 1:
            raise self._fault(f'"{name}" is encrypted')
        if stat.S_ISLNK(mode):
            return Entry(name=name, size=0, link=self._link(name))
        if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
            raise self._fault(f'"{name}" is neither a file nor a link')
        # Where an archive knows no modes, what Juju runs must be a program all the same.
        executable = bool(mode & stat.S_IXUSR) if mode else name.startswith(_PROGRAMS)
        return Entry(name=name, size=info.file_size, executable=executable)

    def _link(self, name: str) -> str:
        try:
            target = self.read(name, limit=_MAX_LINK).decode()
        except UnicodeDecodeError as err:
            raise self._fault(f'link "{name}" leads nowhere') from err
        if archives.leads_out(name, target):
            raise self._fault(f'link "{name}" leads out of the folder')
        if not target or '\0' in target:
            raise self._fault(f'link "{name}" leads nowhere')
        return target

    def _check_layout(self) -> None:
        """A path may not be both a file and a folder: through a link it could lead anywhere."""
        for name in self.entries:
            if name in self.folders:
                raise self._fault(f'"{name}" is both a file and a folder')

    def _fault(self, why: str) -> CharmFault:
        return CharmFault(f'cannot unpack {self._path}: {why}')


def _rerooted(
    files: dict[str, zipfile.ZipInfo], folders: set[str]
) -> tuple[dict[str, zipfile.ZipInfo], tuple[str, ...]]:
    """The same below the one folder that holds the charm, when the archive's top does not."""
    tops = {name.partition('/')[0] for name in (*files, *folders)}
    if len(tops) == 1 and not any(mark in files for mark in _MARKS):
        prefix = f'{tops.pop()}/'
        if any(f'{prefix}{mark}' in files for mark in _MARKS):
            files = {name.removeprefix(prefix): info for name, info in files.items()}
            folders = {name.removeprefix(prefix) for name in folders if name.startswith(prefix)}
    return files, tuple(sorted(folders))
