#!/usr/bin/env python3
"""Writes down in each storage which unit had it."""

from __future__ import annotations

import os
import pathlib

import ops


class Keeper(ops.CharmBase):
    """Shows as its status what it was told of, in order."""

    def __init__(self, framework: ops.Framework) -> None:
        super().__init__(framework)
        for name in self.meta.storages:
            framework.observe(self.on[name].storage_attached, self._on_attached)
            framework.observe(self.on[name].storage_detaching, self._on_detaching)
        framework.observe(self.on.install, self._on_install)
        framework.observe(self.on.more_action, self._on_more)

    def _on_attached(self, event: ops.StorageAttachedEvent) -> None:
        place = pathlib.Path(event.storage.location)
        assert os.environ['JUJU_STORAGE_LOCATION'] == str(place)
        assert f' {place} ' in pathlib.Path('/proc/self/mounts').read_text()
        with (place / 'history').open('a') as history:
            history.write(f'{self.unit.name}\n')
        self._note(f'+{event.storage.full_id}')

    def _on_detaching(self, event: ops.StorageDetachingEvent) -> None:
        self._note(f'-{event.storage.full_id}')

    def _on_install(self, _: ops.InstallEvent) -> None:
        self._note('install')

    def _on_more(self, _: ops.ActionEvent) -> None:
        self.model.storages.request('scratch')

    def _note(self, word: str) -> None:
        notes = pathlib.Path('/var/lib/notes')
        with notes.open('a') as file:
            file.write(f'{word}\n')
        self.unit.status = ops.ActiveStatus(' '.join(notes.read_text().split()))


if __name__ == '__main__':
    ops.main(Keeper)
