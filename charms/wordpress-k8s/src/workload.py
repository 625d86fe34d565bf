"""The workload container: its files, its services and what they report. Only what differs is touched."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import downloads
import files
import ops
import wpctl

CONTAINER = 'wordpress'
LAYER = 'wordpress'
AWAIT = 'await-database'
AGAIN = 'start-again'
STORAGE = 'uploads'
UPLOADS = '/var/lib/wordpress/uploads'
BACKUPS = '/var/lib/wordpress/backups'
"""Where backups are in the container when the storage of that name is there."""

_CODE = '/usr/share/wordpress'
_FAULT = f'{files.RUN}/database-fault'
_VERSION = f'{_CODE}/wp-includes/version.php'
_UNPRIVILEGED = '/proc/sys/net/ipv4/ip_unprivileged_port_start'

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """The version of WordPress in the image, and of the schema that it wants."""

    version: str
    schema: str


class Workload:
    """The container of this unit; every method needs it to be reachable."""

    def __init__(self, container: ops.Container) -> None:
        self._container = container
        self.wpctl = wpctl.Wpctl(container)

    @property
    def is_there(self) -> bool:
        """Whether Pebble answers."""
        return self._container.can_connect()

    def code(self) -> Code:
        """Return what is in the image, without starting PHP."""
        text = self.read(_VERSION) or ''
        found = dict(
            re.findall(r"^\$(wp_version|wp_db_version)\s*=\s*'?([0-9A-Za-z.+-]+)'?;", text, re.MULTILINE)
        )
        return Code(version=found.get('wp_version', ''), schema=found.get('wp_db_version', ''))

    def missing(self, kind: str, slugs: tuple[str, ...], *, tree: str = '') -> list[str]:
        """Return those of *slugs* that are not here as *kind*, ``plugins`` or ``themes``.

        Args:
            tree: Name of the downloaded files that count besides those of the image.
        """
        if not slugs:
            return []
        there = self._names(f'{_CODE}/wp-content/{kind}')
        if tree:
            there |= self._names(f'{downloads.TREES}/{tree}/{kind}')
        return [slug for slug in slugs if slug not in there]

    def _names(self, folder: str) -> set[str]:
        try:
            entries = self._container.list_files(folder)
        except (ops.pebble.APIError, FileNotFoundError):
            return set()
        return {entry.name.removesuffix('.php') for entry in entries}

    def used_tree(self) -> str:
        """Return the name of the downloaded files that the site uses now, empty when it uses none."""
        try:
            site = json.loads(self.read(files.SITE) or '{}')
        except ValueError:
            return ''
        name = str(cast('dict[str, object]', site).get('downloads') or '')
        return name if name and self._container.isdir(f'{downloads.TREES}/{name}') else ''

    def put(self, wanted: Mapping[str, str]) -> set[str]:
        """Bring the files to *wanted*; return the paths of those that changed or went."""
        changed: set[str] = set()
        for path in (files.SITE, *files.RELOADED):
            there = self.read(path)
            if path in wanted and there != wanted[path]:
                self._push(path, wanted[path])
                changed.add(path)
            elif path not in wanted and there is not None:
                self._container.remove_path(path)
                changed.add(path)
        return changed

    def plan(self) -> ops.pebble.Plan:
        """Return what Pebble is told to run."""
        return self._container.get_plan()

    @property
    def is_serving(self) -> bool:
        """Whether Apache runs."""
        return self.runs('apache')

    def runs(self, name: str) -> bool:
        """Tell whether the service *name* runs."""
        service = self._container.get_services(name).get(name)
        return service is not None and service.is_running()

    def read(self, path: str) -> str | None:
        """Return the text at *path*, or nothing when it is not there."""
        try:
            with self._container.pull(path, encoding='utf-8') as file:
                return file.read()
        except ops.pebble.PathError:
            return None

    def has_file(self, path: str) -> bool:
        """Tell whether *path* is there."""
        return self._container.exists(path)

    def export_path(self, name: str) -> str:
        """Return where in the container an export called *name* is kept longest."""
        folder = BACKUPS if self._container.isdir(BACKUPS) else '/tmp'
        return f'{folder}/{name}.sql.gz'

    def own_volumes(self) -> None:
        """Let the web user write where storage is mounted."""
        for folder in (UPLOADS, BACKUPS):
            self.own(folder, user=wpctl.USER)

    def own(self, folder: str, *, user: str) -> None:
        """Let *user* write into *folder*, if it is there: a new volume belongs to root."""
        try:
            (found,) = self._container.list_files(folder, itself=True)
        except (ops.pebble.APIError, FileNotFoundError):
            return
        if found.user != user:
            self._container.exec(['chown', f'{user}:{user}', folder]).wait_output()

    def stop_cron(self) -> None:
        """Stop the scheduled work, which has nothing to work on."""
        if self.runs('cron'):
            self._container.stop('cron')

    def prepare(self, layer: Mapping[str, object]) -> None:
        """Give Pebble a first *layer*, so that the unit is not ready and can wait for its database."""
        if not {AWAIT, downloads.SERVICE} <= self.plan().services.keys():
            self._container.add_layer(LAYER, _layer(layer), combine=True)

    def serve(self, layer: Mapping[str, object], *, changed: set[str]) -> None:
        """Bring the services to *layer*, and let Apache read the files that it only reads when told."""
        wanted = _layer(layer)
        plan = self.plan()
        runs_before = self.runs('apache')
        # A plan that equals this layer is left alone: adding it again would restart the checks.
        if not _holds(plan, wanted):
            self._container.add_layer(LAYER, wanted, combine=True)
        service = plan.services.get('apache')
        if runs_before and service == wanted.services['apache'] and changed & set(files.RELOADED):
            self._container.send_signal('SIGUSR1', 'apache')
        self._container.replan()
        if wanted.services['cron'].startup != 'enabled':
            self.stop_cron()

    def await_database(self, reason: str) -> None:
        """Have the charm told when the database answers; returns at once."""
        self._push(_FAULT, reason)
        self._begin(AWAIT)

    def awaited(self) -> str | None:
        """Return why the database is awaited, or nothing when it is not."""
        return (self.read(_FAULT) or '') if self.runs(AWAIT) else None

    def stop_awaiting(self) -> None:
        """Forget a database that is no longer wanted or that answers."""
        if self.runs(AWAIT):
            self._container.stop(AWAIT)

    def not_started(self) -> list[str]:
        """Return the names of the services that are to run and do not."""
        found = self._container.get_services().values()
        enabled = ops.pebble.ServiceStartup.ENABLED
        return sorted(one.name for one in found if one.startup is enabled and not one.is_running())

    def start_again(self) -> None:
        """Have the charm told in some seconds that something is to be started; returns at once."""
        self._begin(AGAIN)

    def failing_checks(self) -> list[str]:
        """Return the names of the checks that have reached their thresholds."""
        try:
            found = self._container.get_checks()
        except ops.pebble.Error:
            return []
        return sorted(name for name, info in found.items() if info.status is ops.pebble.CheckStatus.DOWN)

    def _begin(self, name: str) -> None:
        if not self.runs(name):
            # Waiting for this service to be up would be waiting for a second.
            self._container.pebble.start_services([name], timeout=0)

    def _push(self, path: str, text: str) -> None:
        mode = 0o640 if path in files.SECRET_FILES else 0o644
        # Pebble writes a new file and renames it, so no reader ever sees half of it.
        self._container.push(path, text, make_dirs=True, permissions=mode, user=wpctl.USER, group=wpctl.USER)


def needs_root(port: int) -> bool:
    """Tell whether only root may listen on *port* in this pod, whose network the charm's container shares."""
    try:
        with open(_UNPRIVILEGED, encoding='ascii') as setting:
            return port < int(setting.read())
    except (OSError, ValueError):
        return port < 1024


def _holds(plan: ops.pebble.Plan, layer: ops.pebble.Layer) -> bool:
    return (
        all(plan.services.get(name) == service for name, service in layer.services.items())
        and all(plan.checks.get(name) == check for name, check in layer.checks.items())
        and all(plan.log_targets.get(name) == target for name, target in layer.log_targets.items())
    )


def _layer(layer: Mapping[str, object]) -> ops.pebble.Layer:
    return ops.pebble.Layer(cast('ops.pebble.LayerDict', dict(layer)))
