"""Which stages a spec has. Nothing declares them: a stage is a directory that holds files of phases."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from bedrock import errors
from hoodoo import wording
from hoodoo.spec import assemble, lookup, manifest

_DEPTH = 8
_LISTED = 12
_CHARM_MARKS = frozenset({'metadata.yaml', 'charmcraft.yaml'})


def find(root: Path, manifest_name: str) -> tuple[str, ...]:
    """The directories below *root* that hold a manifest, or a file that a line of the manifest names."""
    return tuple(sorted(_walk(root, PurePosixPath(), _wanted(root, manifest_name))))


def check(view: lookup.SpecView, manifest_name: str) -> None:
    """Refuse a stage that leads out of the spec, or that has no directory though the spec has stages.

    It may be one below a stage: such stages differ in templates and secrets only, not in files of their own.

    Raises:
        UsageFault: see above.
    """
    stage = PurePosixPath(view.stage)
    if stage.is_absolute() or '..' in stage.parts:
        raise errors.UsageFault(
            f'cannot use stage "{view.stage}": it leads out of the spec', hint='Name a path below the spec.'
        )
    if (view.root / stage).is_dir():
        return
    known = find(view.root, manifest_name)
    if known and not any(str(above) in known for above in stage.parents):
        raise errors.UsageFault(
            f'cannot find stage "{view.stage}" of spec {view.shown(view.root)}',
            hint=listed(known, view.stage),
        )


def listed(known: tuple[str, ...], meant: str = '') -> str:
    """A hint that names the stages, and which of them *meant* may mean."""
    more = f' and {len(known) - _LISTED} more' if len(known) > _LISTED else ''
    text = f'Stages of the spec: {", ".join(known[:_LISTED])}{more}.'
    return f'{wording.guess(meant, known)} {text}'.strip() if meant else text


def _wanted(root: Path, manifest_name: str) -> frozenset[str]:
    """The names of files whose directory is a stage: of the manifest at the root, and what it includes."""
    wanted: set[str] = {manifest_name}
    queue, seen = [manifest_name], set[str]()
    while queue:
        name = queue.pop()
        if name in seen:
            continue
        seen.add(name)
        try:
            text = (root / name).read_text()
        except (OSError, ValueError):
            continue
        for call in manifest.parse(text).calls:
            named = [option.value for option in call.options if option.key == 'config']
            wanted.update(named)
            if call.phase == assemble.INCLUDE:
                queue += named
            else:
                wanted.add(call.phase)
    return frozenset(wanted)


def _walk(folder: Path, path: PurePosixPath, wanted: frozenset[str]) -> Iterator[str]:
    entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    if any(entry.name in _CHARM_MARKS for entry in entries):
        return
    if path.parts and _is_stage(folder, wanted):
        yield str(path)
    for entry in entries:
        if len(path.parts) >= _DEPTH or entry.name.startswith('.') or not _is_directory(entry):
            continue
        if not entry.is_symlink():
            yield from _walk(Path(entry.path), path / entry.name, wanted)
        elif _is_stage(Path(entry.path), wanted):
            # A stage under another name. What is below it is found where it really is.
            yield str(path / entry.name)


def _is_directory(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself, for one
        return False


def _is_stage(folder: Path, wanted: frozenset[str]) -> bool:
    return any((folder / name).is_file() for name in wanted)
