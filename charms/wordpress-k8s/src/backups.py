"""Backups: tables, keys and uploads in one archive, in a folder of the container or in a bucket.

The archive is made in the container and passes through this charm in pieces; it is never whole in memory.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, cast

import ops

import objectstore
import s3
import wpctl
from workload import BACKUPS

LONG_S = 3600
_FORMAT = 1
_FOLDER = '/tmp/wordpress-backup'
_UPLOADS = '/var/lib/wordpress/uploads'
_ID = re.compile(r'[A-Za-z0-9][A-Za-z0-9._-]{0,127}')
_SUFFIX = '.tar.gz'


class BackupError(Exception):
    """A backup cannot be made or brought back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What came back, apart from tables and uploads.

    Attributes:
        keys: WordPress's keys and salts of then.
    """

    keys: Mapping[str, str]


class Store:
    """Makes, lists and brings back backups of the site in *container*."""

    def __init__(
        self, container: ops.Container, helper: wpctl.Wpctl, bucket: objectstore.S3 | None
    ) -> None:
        self._container = container
        self._helper = helper
        self._bucket = s3.Bucket(bucket) if bucket else None
        self._folder = BACKUPS if container.isdir(BACKUPS) else '/tmp'

    @property
    def where(self) -> str:
        """Where backups are, as people read it."""
        return self._bucket.where if self._bucket else f'{self._folder} in the container wordpress'

    def backup(self, name: str, *, keys: Mapping[str, str], has_uploads: bool) -> dict[str, str]:
        """Make the backup *name*; return what is worth telling."""
        self._clean()
        self._container.make_dir(_FOLDER, make_parents=True, user=wpctl.USER, group=wpctl.USER, permissions=0o700)
        try:
            tables = self._helper.export_to(f'{_FOLDER}/tables.sql.gz', timeout_s=LONG_S)
            facts = {'format': _FORMAT, 'keys': dict(keys)}
            self._push(f'{_FOLDER}/facts.json', json.dumps(facts))
            target = self._path(name)
            command = ['tar', '--create', '--gzip', '--file', f'{target}.part', '--directory', _FOLDER, '.']
            if has_uploads and self._container.isdir(_UPLOADS):
                command += ['--directory', _UPLOADS, '--transform', 's,^\\./,./uploads/,S', '--exclude=./.*', '.']
            # Files of the folder itself keep their names: only what comes from uploads has slashes left.
            self._run(_members(command))
            self._run(['mv', f'{target}.part', target])
        finally:
            self._clean()
        size = self._container.list_files(target)[0].size or 0
        if self._bucket:
            with cast('IO[bytes]', self._container.pull(target, encoding=None)) as source:
                self._bucket.put(f'{name}{_SUFFIX}', source, size=size)
            self._container.remove_path(target)
        return {'where': self.where, 'bytes': str(size), 'rows': str(tables.get('rows', ''))}
