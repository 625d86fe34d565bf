"""The options of applications: included files read, overrides put over, all checked against the charms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from bedrock import charm as charm_files
from hoodoo import wording
from hoodoo.bundle.reading import templates, tree, words
from hoodoo.bundle.wanted import charms, findings, includes

_OVERRIDES = 'overrides'
_TYPES = {
    'boolean': 'Write true or false.',
    'float': 'Write a number.',
    'int': 'Write a whole number.',
}


class Options:
    """Reads the options of one bundle's applications."""

    def __init__(
        self,
        folders: Sequence[Path],
        shelf: charms.Shelf,
        found: findings.Findings,
        *,
        shown: templates.Shown = str,
    ) -> None:
        """Seek relative includes in *folders*; what is wrong goes to *found*, files named as by *shown*."""
        self._folders, self._shelf, self._found, self._shown = folders, shelf, found, shown
        self._overrides = tree.mapping(found.chosen.data.get(_OVERRIDES))
        self.included: list[str] = []
        """The values that were read from files."""
        self._declared: set[str] = set()
        self._unread = False
        """Whether some charm's options are not known."""

    def read(
        self, at: tree.Path, name: str, raw: tree.Table, charm: charm_files.Charm | None, *, store: bool
    ) -> dict[str, str]:
        """The options of application *name*, whose entry at *at* is *raw*; null is the charm's default.

        Args:
            store: Whether the charm is one of the store.
        """
        written = {key: ((*at, 'options', key), value) for key, value in self._mapping(at, name, raw).items()}
        if charm is None:
            self._unread = True
            if store and self._overrides:
                message = f'overrides do not reach {name}: what options a charm of the store has is not known'
                self._found.remark((_OVERRIDES,), message, f'Write them as options of {name}.')
        else:
            self._declared |= charm.options.keys()
            for key in self._overrides.keys() & charm.options.keys():
                written[key] = ((_OVERRIDES, key), self._overrides[key])
        values: dict[str, str] = {}
        for key, (where, value) in written.items():
            text = self.text(where, name, key, value)
            if text is not None:
                values[key] = text
                if includes.is_include(value):
                    self.included.append(text)
            if charm is not None:
                self._check(where, name, key, text, charm)
        return values

    def check_overrides(self) -> None:
        """Remark on overrides that no charm has an option for, once all applications were read."""
        for key in self._overrides if not self._unread else ():
            if key in self._declared:
                continue
            message = f'override "{key}" has no effect: no charm of the bundle has that option'
            self._found.remark((_OVERRIDES, key), message, wording.guess(key, self._declared))

    def _mapping(self, at: tree.Path, name: str, raw: tree.Table) -> Mapping[str, object]:
        value = raw.get('options')
        if value is not None and not isinstance(value, tree.Table):
            self._found.problem(
                (*at, 'options'), f'options of {name} are not a mapping', 'Write options: {NAME: VALUE}.'
            )
        return tree.mapping(value)

    def text(self, where: tree.Path, name: str, key: str, value: object) -> str | None:
        """The value as text, an included file's for its name; None for none, and for what cannot be had."""
        if not words.plain(value):
            hint = 'Write it as a text, such as a block after "|".'
            self._found.problem(where, f'option "{key}" of {name} is a list or a mapping', hint)
            return None
        if value is None:
            return None
        text = words.option_text(value)
        if not includes.is_include(text):
            return text
        try:
            return includes.content(text, self._folders, self._shelf.now)
        except includes.NotThere as err:
            if err.file is not None and self._shelf.may_come(err.file):
                return None
            hint = f'Looked in {", ".join(f"{self._shown(folder)}/" for folder in self._folders)}.'
            if err.file is not None:
                hint = f'Put it at {self._shelf.belongs(err.file)}.'
            self._found.problem(where, str(err), hint)
        except includes.NotIncluded as err:
            self._found.problem(where, str(err))
        return None

    def _check(
        self, where: tree.Path, name: str, key: str, text: str | None, charm: charm_files.Charm
    ) -> None:
        declared = charm.options.get(key)
        if declared is None:
            known = ', '.join(sorted(charm.options)) or 'none'
            hint = wording.guess(key, charm.options) or f'Its options: {known}.'
            self._found.problem(where, f'charm of {name} has no option "{key}"', hint)
        elif text is not None and not words.fits(text, declared.type):
            # The value is not shown: it may be a secret that was put under the wrong key.
            message = f'option "{key}" of {name} takes {declared.type}, and its value is not one'
            self._found.problem(where, message, _TYPES.get(declared.type, ''))
