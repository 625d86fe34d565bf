"""Backups: tables, keys and uploads in one archive, in a folder of the container or in a bucket.

The archive is made in the container and passes through this charm in pieces; it is never whole in memory.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import BinaryIO, cast

import keys
import objectstore
import ops
import s3
import wpctl
from workload import BACKUPS

LONG_S = 3600
_FORMAT = 1
_STAGE = '/tmp/wordpress-backup'
_DATA = '/var/lib/wordpress'
_UPLOADS = 'uploads'
_TABLES = 'tables.sql.gz'
_FACTS = 'facts.json'
_ID = re.compile(r'[A-Za-z0-9][A-Za-z0-9._-]{0,127}')
_SUFFIX = '.tar'


class BackupError(Exception):
    """A backup cannot be made or brought back."""


class Store:
    """Makes, lists and brings back backups of the site in *container*."""

    def __init__(self, container: ops.Container, bucket: objectstore.S3 | None) -> None:
        self._container = container
        self._helper = wpctl.Wpctl(container)
        self._bucket = s3.Bucket(bucket) if bucket else None
        self._folder = BACKUPS if container.isdir(BACKUPS) else '/tmp'

    @property
    def where(self) -> str:
        """Where backups are, as people read it."""
        if self._bucket:
            return self._bucket.where
        brief = '' if self._folder == BACKUPS else ', gone with the pod: fetch it'
        return f'{self._folder} of the container wordpress{brief}'

    def need(self, name: str) -> None:
        """Raise `BackupError` unless there is a backup *name*."""
        if not _ID.fullmatch(name):
            raise BackupError('backup-id must be a name that list-backups shows')
        there = (
            name in self.names()
            if self._bucket
            else self._container.exists(f'{self._folder}/{name}{_SUFFIX}')
        )
        if not there:
            raise BackupError(f'there is no backup {name} in {self.where}; list-backups shows all')

    def names(self) -> list[str]:
        """Return the names of all backups, oldest first by their names."""
        if self._bucket:
            found = self._bucket.names()
        else:
            found = [entry.name for entry in self._container.list_files(self._folder, pattern=f'*{_SUFFIX}')]
        return sorted(name.removesuffix(_SUFFIX) for name in found if name.endswith(_SUFFIX))

    def backup(self, name: str, *, site_keys: Mapping[str, str], has_uploads: bool) -> dict[str, str]:
        """Make the backup *name*; return what is worth telling."""
        target = f'{self._folder}/{name}{_SUFFIX}'
        try:
            self._make_stage()
            tables = self._helper.export_to(f'{_STAGE}/{_TABLES}', timeout_s=LONG_S)
            self._push(f'{_STAGE}/{_FACTS}', json.dumps({'format': _FORMAT, 'keys': dict(site_keys)}))
            # What is large in it, tables and pictures, is compressed already.
            # It holds keys and hashes of passwords, and tar keeps the mode of what is there.
            self._push(f'{target}.part', '')
            command = ['tar', '--create', '--file', f'{target}.part', '--directory', _STAGE]
            command += [_FACTS, _TABLES]
            if has_uploads and self._container.isdir(f'{_DATA}/{_UPLOADS}'):
                command += ['--directory', _DATA, _UPLOADS]
            self._run(*command)
            # Whoever lists backups must never see half of one.
            self._run('mv', f'{target}.part', target)
            size = self._container.list_files(target)[0].size or 0
            if self._bucket:
                with self._container.pull(target, encoding=None) as source:
                    self._bucket.put(f'{name}{_SUFFIX}', source, size=size)
                self._remove(target)
        finally:
            self._remove(_STAGE)
            self._remove(f'{target}.part')
        return {'where': self.where, 'bytes': str(size), 'rows': str(tables.get('rows', ''))}

    def restore(self, name: str) -> Mapping[str, str]:
        """Bring back tables and uploads of the backup *name*; return the keys and salts of then.

        It must be there; uploads that are newer than it stay.
        """
        source = f'{self._folder}/{name}{_SUFFIX}'
        try:
            self._make_stage()
            if self._bucket:
                source = f'{_STAGE}/archive{_SUFFIX}'
                with self._bucket.get(f'{name}{_SUFFIX}') as stream:
                    self._push(source, stream)
            members = ('--no-same-owner', '--file', source)
            self._run('tar', '--extract', *members, '--directory', _STAGE, _FACTS, _TABLES)
            found_keys = self._facts()
            self._helper.import_from(f'{_STAGE}/{_TABLES}', timeout_s=LONG_S)
            if self._holds_uploads(source):
                self._run('tar', '--extract', '--no-overwrite-dir', *members, '--directory', _DATA, _UPLOADS)
        finally:
            self._remove(_STAGE)
        return found_keys

    def _facts(self) -> Mapping[str, str]:
        with self._container.pull(f'{_STAGE}/{_FACTS}') as file:
            facts = cast('dict[str, object]', json.loads(file.read()))
        found = cast('dict[str, str]', facts.get('keys') or {})
        if facts.get('format') != _FORMAT or set(found) != set(keys.NAMES):
            raise BackupError('the backup is of a form that this charm does not know')
        return found

    def _holds_uploads(self, source: str) -> bool:
        listed = self._run('tar', '--list', '--file', source)
        return any(line.startswith(f'{_UPLOADS}/') for line in listed.splitlines())

    def _make_stage(self) -> None:
        self._remove(_STAGE)
        self._container.make_dir(
            _STAGE, make_parents=True, permissions=0o700, user=wpctl.USER, group=wpctl.USER
        )

    def _push(self, path: str, source: str | BinaryIO) -> None:
        self._container.push(path, source, permissions=0o600, user=wpctl.USER, group=wpctl.USER)

    def _remove(self, path: str) -> None:
        self._container.remove_path(path, recursive=True)

    def _run(self, *command: str) -> str:
        process = self._container.exec(
            list(command), user=wpctl.USER, group=wpctl.USER, working_dir='/', timeout=LONG_S
        )
        try:
            return process.wait_output()[0]
        except ops.pebble.Error as err:
            raise BackupError(f'{command[0]} failed: {_last_line(err)}') from err


def _last_line(err: ops.pebble.Error) -> str:
    text = str(cast('object', getattr(err, 'stderr', '')) or err)
    return (text.strip().splitlines() or [''])[-1][:200]
