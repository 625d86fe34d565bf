"""Changes to an inventory: planned as new texts of its files, checked, and only then written."""

from __future__ import annotations

import difflib
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from bedrock import errors
from hoodoo.inventory import documents, matrix, reading, surgery
from hoodoo.inventory.documents import Table

_NEW_FOLDER = 0o755
_NEW_FILE = 0o644


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One file's new text; an empty *after* removes it."""

    path: Path
    before: str
    after: str

    def diff(self, folder: Path) -> str:
        """What changes, for people."""
        name = str(self.path.relative_to(folder) if self.path.is_relative_to(folder) else self.path)
        return ''.join(
            line if line.endswith('\n') else f'{line}\n\\ No newline at end of file\n'
            for line in difflib.unified_diff(
                self.before.splitlines(keepends=True),
                self.after.splitlines(keepends=True),
                name if self.before else '/dev/null',
                name if self.after else '/dev/null',
            )
        )


def added(folder: Path, said: Mapping[str, Any], *, file: str = '') -> Change:
    """The change that adds one environment of which *said* is said.

    Args:
        file: Relative to *folder*; default: the first that is about its service, else a new one.

    Raises:
        UsageFault: there is one of that name. Problems: the inventory has any, or would have.
    """
    inventory = _whole(folder)
    service = str(said.get('service', ''))
    path = _inside(folder, file) if file else _file_of(folder, service)
    before = text_of(path)
    entry = {key: value for key, value in said.items() if key != 'service'}
    if not before:
        after = f'service: {surgery.flow(service)}\n'
    else:
        after = before
        table, _ = documents.parse(before, str(path))
        if table is None or table.get('service') != service:
            entry = {'service': service, **entry}
    after = surgery.appended(after, ('environments',), entry)
    change = Change(path=path, before=before, after=after)
    names = {one.environment.name: one.environment.place for one in inventory.entries}
    fresh = check(folder, change)
    new = [one.environment.name for one in fresh.entries if one.environment.name not in names]
    if len(new) != 1:
        wanted = matrix.name(said)
        place = names.get(wanted)
        where = f'{place.file}:{place.line}' if place else ''
        raise errors.UsageFault(
            f'cannot add environment "{wanted}": there is one already',
            where=where,
            hint=f'Change it with "hoodoo env edit {wanted}".',
        )
    return change


def removed(folder: Path, name: str) -> Change:
    """The change that takes the environment called *name* out; of a matrix it is excluded.

    Raises:
        UsageFault: the file is not written as it could be changed. Problems: as in `added`.
    """
    inventory = _whole(folder)
    draft = _draft(inventory, name)
    path = draft.file
    before = after = text_of(path)
    table, _ = documents.parse(before, str(path))
    document = cast('Table', table)
    if draft.group is not None:
        values = draft.values()
        axes = {key: str(values[key]) for key in ('cloud', 'region', 'stage') if values.get(key)}
        at = _index(document, 'matrix', draft.group)
        after = surgery.appended(after, ('matrix', at, 'exclude'), axes)
    if draft.single is not None:
        after = surgery.removed(after, ('environments', _index(document, 'environments', draft.single)))
    left, _ = documents.parse(after, str(path))
    if left is not None and set(left) <= {'service'}:
        after = ''  # it said nothing else, and so it was made for this one
    change = Change(path=path, before=before, after=after)
    fresh = check(folder, change)
    expected = [one.environment.name for one in inventory.entries if one.environment.name != name]
    _same(expected, fresh, name)
    return change


def edited(folder: Path, name: str, sets: Mapping[str, Any], unset: Sequence[str] = ()) -> Change:
    """The change that says *sets* of the environment called *name*, and no longer *unset*, by keys.

    A key of labels is ``labels.KEY``. One that a matrix makes gets a correction of its own.

    Raises:
        UsageFault, Problems: as in `removed`.
    """
    inventory = _whole(folder)
    draft = _draft(inventory, name)
    path = draft.file
    before = after = text_of(path)
    document = cast('Table', documents.parse(before, str(path))[0])
    if draft.single is not None:
        at = _index(document, 'environments', draft.single)
        said: Table = draft.single
    else:
        values = draft.values()
        axes = {key: str(values[key]) for key in ('cloud', 'region', 'stage') if values.get(key)}
        after = surgery.appended(after, ('environments',), axes)
        at = len(cast('list[Any]', document.get('environments') or ()))
        said = Table()
    for key, value in sets.items():
        after = _set(after, said, ('environments', at), key, value)
    for key in unset:
        if key not in said:
            raise errors.UsageFault(
                f'cannot unset "{key}" of {name}: its own entry does not say it',
                hint=f'"hoodoo env show {name}" tells where it is said.',
            )
        after = surgery.unset(after, ('environments', at, key))
    change = Change(path=path, before=before, after=after)
    fresh = check(folder, change)
    if len(fresh.entries) != len(inventory.entries):
        raise _unexpected(name)
    return change


def write(change: Change) -> None:
    """Carry *change* out in one step.

    Raises:
        UsageFault: somebody else has changed the file since.
    """
    if text_of(change.path) != change.before:
        raise errors.UsageFault(
            'cannot write the change: somebody else changed the file',
            where=str(change.path),
            hint='Try again.',
        )
    if not change.after:
        change.path.unlink()
        return
    # A link is to stay one.
    path = change.path.resolve()
    path.parent.mkdir(mode=_NEW_FOLDER, parents=True, exist_ok=True)
    mode = path.stat().st_mode & 0o7777 if path.exists() else _NEW_FILE
    number, scratch = tempfile.mkstemp(dir=path.parent, prefix=f'.{path.name}.')
    try:
        with os.fdopen(number, 'w', encoding='utf-8', newline='') as file:
            file.write(change.after)
            file.flush()
            os.fsync(file.fileno())
        Path(scratch).chmod(mode)
        Path(scratch).replace(path)
    except BaseException:
        Path(scratch).unlink(missing_ok=True)
        raise


def _whole(folder: Path) -> reading.Inventory:
    if not folder.exists():
        return reading.Inventory(folder=folder)
    inventory = reading.read(folder)
    inventory.environments()
    return inventory


def check(folder: Path, change: Change) -> reading.Inventory:
    """The inventory as *change* leaves it.

    Raises:
        Problems: it has any.
    """
    found = reading.read(folder, instead={change.path: change.after or None})
    found.environments()
    return found


def _draft(inventory: reading.Inventory, name: str) -> matrix.Draft:
    return next(one.draft for one in inventory.entries if one.environment.name == name)


def _index(document: Table, key: str, wanted: Table) -> int:
    """Where in the list *key* the entry is that begins where *wanted* does."""
    rows = cast('Sequence[Table]', document[key])
    return next(index for index, one in enumerate(rows) if one.line == wanted.line and one == wanted)


def _set(text: str, said: Table, at: tuple[str | int, ...], key: str, value: object) -> str:
    whole, dot, label = key.partition('.')
    if not dot:
        return surgery.set_(text, (*at, key), value)
    if whole in said or _has(text, (*at, whole)):
        return surgery.set_(text, (*at, whole, label), value)
    return surgery.set_(text, (*at, whole), {label: value})


def _has(text: str, path: tuple[str | int, ...]) -> bool:
    node: Any = documents.parse(text, '')[0]
    for step in path:
        try:
            node = node[step]
        except (KeyError, IndexError, TypeError):
            return False
    return node is not None


def _same(expected: list[str], fresh: reading.Inventory, name: str) -> None:
    if [one.environment.name for one in fresh.entries] != expected:
        raise _unexpected(name)


def _unexpected(name: str) -> errors.UsageFault:
    return errors.UsageFault(
        f'cannot change {name}: the file is not written as it could be changed here, or others depend on it',
        hint=f'Change it with "hoodoo env edit {name}".',
    )


def _file_of(folder: Path, service: str) -> Path:
    """The first file whose service is *service*; else a new one."""
    if folder.exists():
        for path in reading.files(folder):
            table, _ = documents.parse(text_of(path), str(path))
            if table is not None and table.get('service') == service:
                return path
    return folder / f'{service}.yaml'


def _inside(folder: Path, file: str) -> Path:
    path = Path(os.path.normpath(folder / file))
    if not path.is_relative_to(folder) or path.suffix not in ('.yaml', '.yml'):
        raise errors.UsageFault(
            f'cannot write {file}: it is no file of the inventory', hint='Name it as "FOLDER/NAME.yaml".'
        )
    return path


def text_of(path: Path) -> str:
    """The text of a file, line breaks as they are; empty when there is none."""
    if not path.exists():
        return ''
    with path.open(encoding='utf-8', newline='') as file:
        return file.read()


def put_text(path: Path, text: str) -> None:
    """Write *text* with its line breaks as they are."""
    with path.open('w', encoding='utf-8', newline='') as file:
        file.write(text)
