"""What a charm's source says of how it is packed: Python packages to install, further files to take in.

The keys are charmcraft's (its documentation, "charmcraft.yaml", the keys of the plugins charm, python, uv,
poetry and dump). Nothing is run here.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from bedrock.charm._read import document
from bedrock.charm.archive import CharmFault

__all__ = ['ENTRYPOINT', 'Recipe', 'recipe']

ENTRYPOINT = 'src/charm.py'
_PYTHON = ('charm', 'poetry', 'python', 'uv')
_HINT = 'Pack it with charmcraft, for example in the phase build, and name the .charm file.'
_LOCKS = ('uv.lock', 'poetry.lock')
_CARET = re.compile(r'\^(\d+)(?:\.(\d+))?(?:\.(\d+))?')


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What goes into an archive next to the source's own files."""

    entrypoint: str = ENTRYPOINT
    requirements: tuple[Path, ...] = ()
    """Requirements files."""
    packages: tuple[str, ...] = ()
    """Further requirements, as lines of such a file."""
    constraints: tuple[str, ...] = ()
    """Which versions are to be taken, as lines of a constraints file."""
    dumps: tuple[Path, ...] = ()
    """Folders whose content goes to the top of the archive."""

    @property
    def python(self) -> bool:
        """Whether there are Python packages to install."""
        return bool(self.requirements or self.packages)


def recipe(source: Path) -> Recipe:
    """Return how the charm in the folder *source* is packed.

    Raises:
        CharmFault: that takes charmcraft itself, or a file that says it is wrong.
    """
    parts = _mapping((document(source, 'charmcraft') or {}).get('parts')) or {'charm': {}}
    entrypoint, files, packages, dumps = ENTRYPOINT, list[Path](), list[str](), list[Path]()
    constraints: list[str] = []
    for name, raw in parts.items():
        part = _mapping(raw)
        # A part without a plugin is built with the one that it is named after.
        plugin = str(part.get('plugin') or name)
        top = source / str(part.get('source') or '.')
        if plugin in _PYTHON:
            entrypoint = str(part.get('charm-entrypoint') or entrypoint)
            files += _files(source, top, part, plugin, name)
            packages += _strings(part, 'charm-python-packages', 'charm-binary-python-packages')
            packages += _strings(part, 'python-packages')
            if plugin in ('poetry', 'uv'):
                packages += _project(top)
                constraints += _locked(top)
            elif plugin == 'python':
                for file in _strings(part, 'python-constraints'):
                    constraints += _text(top / file).splitlines()
        elif plugin == 'dump':
            dumps += [top] if top.resolve() != source.resolve() else []
        elif plugin != 'nil':
            raise CharmFault(
                f'cannot pack charm {source}: its part "{name}" is built by the plugin "{plugin}"', hint=_HINT
            )
    return Recipe(
        entrypoint=entrypoint,
        requirements=tuple(files),
        packages=tuple(dict.fromkeys((*packages, *_library_needs(source)))),
        constraints=tuple(dict.fromkeys(constraints)),
        dumps=tuple(dumps),
    )


def _files(source: Path, top: Path, part: Mapping[str, Any], plugin: str, name: str) -> Iterator[Path]:
    named = _strings(part, 'charm-requirements', 'python-requirements')
    for file in named:
        if not (top / file).is_file():
            raise CharmFault(
                f'cannot pack charm {source}: its part "{name}" names "{file}", which is not there'
            )
        yield top / file
    if not named and plugin == 'charm' and (top / 'requirements.txt').is_file():
        yield top / 'requirements.txt'


def _project(top: Path) -> Iterator[str]:
    """The dependencies in pyproject.toml."""
    file = top / 'pyproject.toml'
    project = _toml(file)
    yield from _strings(_mapping(project.get('project')), 'dependencies')
    poetry = _mapping(_mapping(project.get('tool')).get('poetry'))
    for name, value in _mapping(poetry.get('dependencies')).items():
        if name == 'python':
            continue
        version = value if isinstance(value, str) else str(_mapping(value).get('version') or '')
        if not version:
            raise CharmFault(f'cannot pack the charm of {file}: "{name}" has no version', hint=_HINT)
        yield f'{name}{_range(version)}'


def _range(version: str) -> str:
    """Poetry's way to write versions as everybody's: ``^2.1`` is ``>=2.1,<3``."""
    if version == '*':
        return ''
    found = _CARET.fullmatch(version)
    if found is None:
        return version if version[0] in '<>=!~' else f'=={version}'
    numbers = [int(number) for number in found.groups() if number is not None]
    # The first number that is not 0 may not change.
    index = next((i for i, number in enumerate(numbers) if number), len(numbers) - 1)
    upper = [*numbers[:index], numbers[index] + 1]
    return f'>={version[1:]},<{".".join(map(str, upper))}'


def _locked(top: Path) -> Iterator[str]:
    """The versions in a lock file; a package that it has in several versions is left to the installer."""
    for name in _LOCKS:
        found = [_mapping(entry) for entry in _list(_toml(top / name).get('package'))]
        names = Counter(str(entry.get('name')) for entry in found)
        for entry in found:
            source = _mapping(entry.get('source'))
            registered = not source or 'registry' in source or source.get('type') == 'legacy'
            if names[str(entry.get('name'))] == 1 and registered and 'version' in entry:
                yield f'{entry["name"]}=={entry["version"]}'


def _library_needs(source: Path) -> Iterator[str]:
    """What charm libraries under ``lib`` ask for in PYDEPS, as charmcraft reads it."""
    for file in sorted((source / 'lib').glob('charms/*/v*/*.py')):
        text = _text(file)
        if 'PYDEPS' not in text:
            continue
        try:
            body = ast.parse(text).body
        except (SyntaxError, ValueError) as err:
            raise CharmFault(f'cannot pack charm {source}: {file} is no Python: {err}') from None
        for node in body:
            targets = node.targets if isinstance(node, ast.Assign) else []
            if any(isinstance(target, ast.Name) and target.id == 'PYDEPS' for target in targets):
                try:
                    value: object = ast.literal_eval(cast('ast.Assign', node).value)
                except ValueError:
                    raise CharmFault(f'cannot pack charm {source}: PYDEPS of {file} is no list') from None
                yield from (str(entry) for entry in _list(value))


def _toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(_text(file)) if file.is_file() else {}
    except tomllib.TOMLDecodeError as err:
        raise CharmFault(f'cannot read {file}: {err}') from None


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except (OSError, UnicodeDecodeError) as err:
        said = err.strerror if isinstance(err, OSError) else 'it is not UTF-8 text'
        raise CharmFault(f'cannot read {file}: {said}') from None


def _mapping(value: object) -> dict[str, Any]:
    return cast('dict[str, Any]', value) if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return cast('list[Any]', value) if isinstance(value, list) else []


def _strings(part: Mapping[str, Any], *keys: str) -> list[str]:
    return [str(entry) for key in keys for entry in _list(part.get(key))]
