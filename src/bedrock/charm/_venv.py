"""The Python packages of a charm, installed once for each distinct list."""

from __future__ import annotations

import hashlib
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from bedrock import process
from bedrock.charm._parts import Recipe
from bedrock.charm.archive import CharmFault

__all__ = ['installed']

_TIMEOUT_S = 600
_REFERENCE = re.compile(r'\s*(?:-r|-c|--requirement|--constraint)[ =]*(\S+)')


def installed(recipe: Recipe, *, name: str, cache: Path, note: Callable[[str], None]) -> Path:
    """Return the folder with the packages of *recipe*.

    Args:
        name: The charm's, for *note*, which is told about work that takes time.

    Raises:
        CharmFault: a requirements file is missing. ProgramFault: the packages cannot be installed.
    """
    ready = cache / 'venv' / _digest(recipe)
    if ready.is_dir():
        return ready
    note(f'installing the Python packages of {name}')
    ready.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ready.parent) as scratch:
        made = Path(scratch, 'venv')
        pip = [sys.executable, '-m', 'pip', '--quiet', '--disable-pip-version-check', 'install']
        quiet = ['--no-compile', '--root-user-action=ignore']
        process.run(
            [*pip, *quiet, '--target', str(made), *_arguments(recipe, Path(scratch))], timeout_s=_TIMEOUT_S
        )
        shutil.rmtree(made / 'bin', ignore_errors=True)
        # Machines with this Python need not compile the packages in their first hook; others ignore it.
        compileall = [sys.executable, '-m', 'compileall', '-q', '--invalidation-mode', 'unchecked-hash']
        process.run([*compileall, str(made)], timeout_s=_TIMEOUT_S)
        try:
            made.rename(ready)
        except OSError:
            if not ready.is_dir():  # another packer was faster: its result is as good
                raise
    return ready


def _arguments(recipe: Recipe, scratch: Path) -> Iterator[str]:
    for file in recipe.requirements:
        yield from ('-r', str(file))
    for flag, name, lines in (('-r', 'packages', recipe.packages), ('-c', 'constraints', recipe.constraints)):
        if lines:
            file = scratch / f'{name}.txt'
            file.write_text('\n'.join((*lines, '')))
            yield from (flag, str(file))


def _digest(recipe: Recipe) -> str:
    found = hashlib.sha256(repr((sys.version_info[:2], recipe.packages, recipe.constraints)).encode())
    for file in _with_referenced(recipe.requirements, set()):
        found.update(b'\0')
        found.update(file.read_bytes())
    return found.hexdigest()[:16]


def _with_referenced(files: tuple[Path, ...], seen: set[Path]) -> Iterator[Path]:
    """The requirements files, and those that they name."""
    for file in files:
        if file.resolve() in seen:
            continue
        seen.add(file.resolve())
        if not file.is_file():
            raise CharmFault(f'cannot install Python packages: there is no {file}')
        yield file
        lines = file.read_text(errors='replace').splitlines()
        named = [found[1] for line in lines if (found := _REFERENCE.match(line))]
        yield from _with_referenced(tuple(file.parent / name for name in named if '://' not in name), seen)
