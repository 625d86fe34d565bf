"""Where an application's charm comes from, what it says of itself, and on which base it runs."""

from __future__ import annotations

import os
from pathlib import Path

from bedrock import base as bases
from bedrock import charm as charm_files
from hoodoo import model, wording
from hoodoo.bundle.reading import tree, words
from hoodoo.bundle.reading.dialect import Dialect
from hoodoo.bundle.wanted import charms, findings, references


class Sourcing:
    """Finds the charms of one bundle."""

    def __init__(self, shelf: charms.Shelf, dialect: Dialect, found: findings.Findings) -> None:
        """Look on *shelf*; what is wrong goes to *found*."""
        self._shelf, self._dialect, self._found = shelf, dialect, found

    def source(
        self, at: tree.Path, name: str, raw: tree.Table, series: str
    ) -> model.LocalCharm | model.StoreCharm:
        """The charm of application *name*, whose entry at *at* is *raw*."""
        key = 'charm_url' if raw.get('charm_url') else 'charm'
        written = words.option_text(raw.get(key)) or ('' if self._dialect.store else name)
        where = (*at, key)
        if not written:
            hint = 'Add charm: with a name of Charmhub, or ./SERIES/NAME for one of the repository.'
            self._found.problem(at, f'application {name} names no charm', hint)
            return model.StoreCharm(name=name)
        # With a channel a plain name can only be one of Charmhub.
        reference = references.parse(written, store=self._dialect.store or 'channel' in raw)
        if isinstance(reference, references.OfStore):
            return self._of_store(at, where, name, raw, reference)
        if isinstance(reference, references.AtPath):
            if self._shelf.complete and not os.path.exists(reference.path):
                self._found.problem(
                    where,
                    f'there is no charm at {reference.path} for {name}',
                    'Name a folder or a .charm file.',
                )
            return model.LocalCharm(path=reference.path)
        if isinstance(reference, references.InRepositoryFolder):
            # Mojo's bundles write ./<series>/<charm>, relative to the repository.
            folder = '' if '..' in reference.path.parts else reference.path.parent.name
            plain = reference.path.name
        else:
            folder, plain = reference.series, reference.name
        return model.LocalCharm(path=self._on_shelf(where, name, plain, folder or series, 'branch' in raw))

    def read(self, at: tree.Path, source: model.LocalCharm | model.StoreCharm) -> charm_files.Charm | None:
        """What the charm says of itself; None when that is not known yet."""
        if isinstance(source, model.StoreCharm):
            return None
        try:
            return charms.read(source.path)
        except charm_files.CharmFault as err:
            self._found.problem((*at, 'charm'), err.message, err.hint)
            return None

    def base(
        self, at: tree.Path, raw: tree.Table, series: str, default: str, charm: charm_files.Charm | None
    ) -> str:
        """The base that was asked for; the bundle's general one only where the charm offers it."""
        offered = [f'{name}@{channel}' for name, channel in charm.bases] if charm is not None else []
        own = words.option_text(raw.get('base'))
        if own:
            return self._own_base((*at, 'base'), own, offered)
        written = words.option_text(raw.get('series'))
        if written and written not in bases.SERIES and (near := wording.guess(written, bases.SERIES)):
            self._found.problem((*at, 'series'), f'unknown series "{written}"', near)
        wanted = bases.SERIES.get(written) or default or bases.SERIES.get(series, '')
        if not offered or not wanted:
            return ''
        if written and wanted not in offered:
            hint = f'It supports {", ".join(offered)}.'
            self._found.problem(
                (*at, 'series'), f'charm "{_name(charm)}" does not support series {written}', hint
            )
        return wanted if wanted in offered else ''

    def _own_base(self, at: tree.Path, own: str, offered: list[str]) -> str:
        parsed = bases.Base.parse(own)
        if parsed is None:
            self._found.problem(at, f'"{own}" is not a base', 'Write a base such as ubuntu@24.04.')
        elif offered and str(parsed) not in offered:
            self._found.problem(
                at, f'the charm does not support base {own}', f'It supports {", ".join(offered)}.'
            )
        return own

    def _of_store(
        self, at: tree.Path, where: tree.Path, name: str, raw: tree.Table, reference: references.OfStore
    ) -> model.LocalCharm | model.StoreCharm:
        if reference.owner:
            # Where collect brings a charm of that name, the author has moved on from the old store.
            message = f'charm "~{reference.owner}/{reference.name}" of {name} is of the old charm store'
            hint = f'Bring it with the collect file and write charm: {reference.name}.'
            if self._shelf.finds(reference.name):
                hint = f'Write charm: {reference.name}, which the collect file brings.'
            self._found.problem(where, f'{message}, which is gone', hint)
        elif reference.old:
            message = f'the old charm store is gone; "{reference.name}" of Charmhub is taken for {name}'
            self._found.remark(where, message, f'Write ch:{reference.name}.')
        elif self._shelf.finds(reference.name) and 'channel' not in raw and ':' not in str(raw.get('charm')):
            message = f'charm "{reference.name}" of {name} is taken from Charmhub, though collect brings one'
            self._found.remark(where, message, f'Write ./SERIES/{reference.name} for that.')
        if 'branch' in raw:
            message = f'{name} has both a branch and a charm of the store: the branch has no effect'
            self._found.remark((*at, 'branch'), message, 'Leave one of them out.')
        channel = words.option_text(raw.get('channel'))
        # Revisions of the old store say nothing about Charmhub's.
        revision = None if reference.old else reference.revision
        if 'revision' in raw:
            revision = self._revision((*at, 'revision'), name, raw['revision'])
            if not channel:
                message = f'{name} has a revision, which needs a channel for later upgrades too'
                self._found.problem((*at, 'revision'), message, 'Add channel:, such as latest/stable.')
        return model.StoreCharm(name=reference.name, channel=channel, revision=revision)

    def _revision(self, at: tree.Path, name: str, value: object) -> int | None:
        text = words.option_text(value)
        if text.isdecimal():
            return int(text)
        self._found.problem(at, f'revision "{text}" of {name} is not a whole number', 'Write a whole number.')
        return None

    def _on_shelf(self, at: tree.Path, name: str, plain: str, folder: str, branch: bool) -> Path:
        found = self._shelf.find(plain, folder)
        if found is not None and branch:
            message = f'charm "{plain}" of {name} is what collect brings: the branch has no effect'
            self._found.remark((*at[:-1], 'branch'), message, 'Leave the branch out.')
        if found is None and self._shelf.complete:
            if branch:
                hint = (
                    f'Branches are fetched by collect: add "{plain} URL;revno=REVISION" to the collect file.'
                )
            else:
                near = wording.guess(plain, self._shelf.expected)
                hint = near or f'Add it to the collect file as "{plain}".'
            self._found.problem(at, f'cannot find charm "{plain}" of {name}', hint)
        return found or self._shelf.repo / folder / plain


def _name(charm: charm_files.Charm | None) -> str:
    return charm.name if charm is not None else ''
