"""Small charms and bundles for tests."""

from __future__ import annotations

from pathlib import Path

from bedrock import errors
from hoodoo.bundle.reading import deployer as deployer_format
from hoodoo.bundle.reading import native
from hoodoo.bundle.wanted import charms, resolve

WEB = """
name: web
requires: {backend: {interface: http}, other: {interface: http}}
provides: {nrpe: {interface: nrpe, scope: container}}
extra-bindings: {public: }
resources: {site: {type: file, filename: site.tar}}
storage: {data: {type: filesystem}}
config: {options: {port: {type: int}, note: {type: string}, fast: {type: boolean}, share: {type: float}}}
bases: [{name: ubuntu, channel: '24.04'}]
"""
CHARMS = {
    'web': WEB,
    'cache': 'name: cache\nprovides: {site: {interface: http}}\nconfig: {options: {size: {type: int}}}\n',
    'nrpe': 'name: nrpe\nsubordinate: true\nrequires: {checks: {interface: nrpe, scope: container}}\n',
}


def shelf(folder: Path, *, complete: bool = True) -> charms.Shelf:
    """The charms of `CHARMS` as collect will bring them, and one whose content is not known."""
    expected: dict[str, Path | None] = {'later': None}
    for name, text in CHARMS.items():
        expected[name] = folder / 'charms' / name
        (folder / 'charms' / name).mkdir(parents=True, exist_ok=True)
        (folder / 'charms' / name / 'charmcraft.yaml').write_text(text)
    return charms.Shelf(repo=folder / 'repo', build=folder / 'build', expected=expected, complete=complete)


def deployments(folder: Path, files: dict[str, str], **variables: str) -> deployer_format.Deployments:
    """A bundle of juju-deployer's kind, in *files* below *folder*."""
    return deployer_format.load(_written(folder, files), variables, shown=lambda path: path.name)


def deployer(
    folder: Path, files: dict[str, str] | str, *, target: str = '', **variables: str
) -> resolve.Resolved:
    """`deployments`, resolved."""
    named = {'services': files} if isinstance(files, str) else files
    loaded = deployments(folder, named, **variables)
    return resolve.resolve(loaded, target, shelf=shelf(folder), series='noble')


def juju(folder: Path, *files: str, **variables: str) -> resolve.Resolved:
    """A bundle of Juju's own and its overlays, resolved."""
    names = {f'bundle{number}' if number else 'bundle': text for number, text in enumerate(files)}
    loaded = native.read(_written(folder, names), variables, shown=lambda path: path.name)
    return resolve.resolve(loaded, '', shelf=shelf(folder), series='noble')


def said(found: tuple[errors.Problem, ...]) -> list[str]:
    """Problems as ``line:column message | hint``."""
    return [f'{p.line}:{p.column} {p.message}' + (f' | {p.hint}' if p.hint else '') for p in found]


def _written(folder: Path, files: dict[str, str]) -> list[Path]:
    """The files below *folder*; those whose name begins with + are only there to be included."""
    for name, text in files.items():
        path = folder / name.removeprefix('+')
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return [folder / name for name in files if not name.startswith('+')]
