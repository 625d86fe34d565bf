"""A typed client of ``wpctl``, the helper in the image: JSON in on standard input, one JSON line out."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import ops

PROGRAM = '/usr/bin/wpctl'
USER = 'www-data'

UNREACHABLE = 'database-unreachable'
DENIED = 'access-denied'
NO_DATABASE = 'no-such-database'
LOCKED = 'locked'
NOT_INSTALLED = 'not-installed'
BAD_INPUT = 'bad-input'
SILENT = 'no-answer'
"""Our own code: the helper could not be run, took too long, or said nothing that can be read."""

DATABASE_CODES = (UNREACHABLE, DENIED, NO_DATABASE)

_PATIENCE = {'RES_OPTIONS': 'timeout:1 attempts:2'}
"""A name server that is silent would keep a hook for ten seconds, which is the usual patience with one."""


log = logging.getLogger(__name__)


class WpctlError(Exception):
    """The helper refused.

    Attributes:
        code: one of the codes above, or another one of the helper's.
        message: its own words, which hold no secret.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f'{code}: {message}')
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteStatus:
    """What ``wpctl status`` tells."""

    installed: bool
    version: str
    db_version: int
    code_db_version: int
    upgrade_needed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What an upgrade did to a copy of the site."""

    good: bool
    needed: bool
    where: str
    """Where the copy was: a database of its own, or a prefix beside the site's tables."""
    rows: int
    before: int
    """The version of the schema; so are the next two."""
    reached: int
    wanted: int
    seconds: float
    changed: tuple[str, ...]
    """Tables that are defined differently now, or new."""
    lost: tuple[str, ...]
    lost_posts: int
    errors: tuple[str, ...]

    @property
    def problems(self) -> tuple[str, ...]:
        """What went wrong, in words."""
        found = [f'the database said: {text}' for text in self.errors]
        if self.reached != self.wanted:
            found.append(f'the schema is {self.reached} and not {self.wanted}')
        if self.lost:
            found.append(f'tables are gone: {", ".join(self.lost)}')
        if self.lost_posts:
            found.append(f'{self.lost_posts} published posts are gone')
        return tuple(found)


class Wpctl:
    """Runs the helper in *container*, each call for a bounded time."""

    def __init__(self, container: ops.Container) -> None:
        self._container = container

    def ping(self) -> str:
        """Return the version of the database's server."""
        return str(self._call('ping', {}, timeout_s=5).get('server', ''))

    def install(self, *, title: str, user: str, email: str, password: str, public: bool) -> bool:
        """Install the site; return false when the database holds one already."""
        wanted = {'title': title, 'user': user, 'email': email, 'password': password, 'public': public}
        return self._call('install', wanted, timeout_s=60).get('result') == 'installed'

    def apply(
        self,
        *,
        options: Mapping[str, object],
        remove_options: tuple[str, ...] = (),
        activate: tuple[str, ...] = (),
        deactivate: tuple[str, ...] = (),
        theme: str = '',
        leave_themes: tuple[str, ...] = (),
    ) -> list[str]:
        """Bring options, plugins and theme to what is given; return the names of what differed.

        Args:
            leave_themes: Themes that the site must not have any more; the image's own takes their place.
        """
        wanted = {
            'options': dict(options),
            'remove_options': list(remove_options),
            'plugins': {'activate': list(activate), 'deactivate': list(deactivate)},
            'theme': theme,
            'leave_themes': list(leave_themes),
        }
        return [str(name) for name in self._call('apply', wanted, timeout_s=30).get('changed', [])]

    def leave(self, *, plugins: tuple[str, ...], themes: tuple[str, ...]) -> None:
        """Switch off what is about to go, while its code is still there."""
        try:
            changed = self.apply(options={}, deactivate=plugins, leave_themes=themes)
        except WpctlError as err:
            if err.code != NOT_INSTALLED:
                raise
        else:
            log.info('the site was changed: %s', ', '.join(changed) or 'not at all')

    def status(self) -> SiteStatus:
        """Return what the site is, by one look into the database."""
        found = self._call('status', {}, timeout_s=15)
        return SiteStatus(
            installed=bool(found.get('installed')),
            version=str(found.get('version', '')),
            db_version=int(found.get('db_version') or 0),
            code_db_version=int(found.get('code_db_version') or 0),
            upgrade_needed=bool(found.get('upgrade_needed')),
        )

    def upgrade(self, *, dry_run: bool = False) -> Mapping[str, Any]:
        """Bring the database's schema to that of the code, or only tell what would be done."""
        return self._call('upgrade', {'dry_run': dry_run}, timeout_s=300)

    def rehearse(self, *, timeout_s: float) -> Rehearsal:
        """Upgrade a copy of all tables, which is gone afterwards; the site is only read."""
        found = self._call('rehearse', {}, timeout_s=timeout_s)
        return Rehearsal(
            good=found.get('good') is True,
            needed=bool(found.get('upgrade_needed')),
            where=str(found.get('where', '')),
            rows=int(found.get('rows') or 0),
            before=int(found.get('from') or 0),
            reached=int(found.get('reached') or 0),
            wanted=int(found.get('to') or 0),
            seconds=float(found.get('copy_s') or 0) + float(found.get('upgrade_s') or 0),
            changed=tuple(str(name) for name in found.get('changed_tables', ())),
            lost=tuple(str(name) for name in found.get('lost_tables', ())),
            lost_posts=int(found.get('lost_posts') or 0),
            errors=tuple(str(text) for text in found.get('errors', ())),
        )

    def set_password(self, *, user: str, password: str) -> None:
        """Give *user* the *password*; the user's sessions end."""
        self._call('set-password', {'user': user, 'password': password}, timeout_s=15)

    def is_password(self, *, user: str, password: str) -> bool:
        """Tell whether *user* can log in with *password*."""
        wanted = {'user': user, 'password': password}
        try:
            return bool(self._call('check-password', wanted, timeout_s=15).get('valid'))
        except WpctlError as err:
            if err.code != BAD_INPUT:
                raise
            return False  # there is no such user

    def export_to(self, path: str, *, timeout_s: float) -> Mapping[str, Any]:
        """Write all tables into a new file at *path* of the container."""
        return self._call('export', {'path': path}, timeout_s=timeout_s)

    def import_from(self, path: str, *, timeout_s: float) -> Mapping[str, Any]:
        """Replace all tables by those in the file at *path* of the container."""
        return self._call('import', {'path': path}, timeout_s=timeout_s)

    def media_sync(self, *, timeout_s: float) -> Mapping[str, Any]:
        """Copy what is on this unit's disk to object storage."""
        return self._call('media-sync', {}, timeout_s=timeout_s)

    def _call(self, verb: str, wanted: Mapping[str, object], *, timeout_s: float) -> Mapping[str, Any]:
        try:
            process = self._container.exec(
                [PROGRAM, verb],
                stdin=json.dumps(wanted),
                user=USER,
                group=USER,
                # Pebble's choice, the user's home, need not be in an image.
                working_dir='/',
                environment=_PATIENCE,
                timeout=timeout_s,
            )
            output = process.wait_output()[0]
        except (ops.pebble.Error, TimeoutError) as err:
            if isinstance(err, ops.pebble.ExecError):
                # A refusal is told on stdout too, with a status other than 0.
                return _understood(verb, str(cast('ops.pebble.ExecError[str]', err).stdout or ''))
            # The text of these errors is Pebble's, and input is no part of it.
            raise WpctlError(SILENT, f'wpctl {verb} cannot be run: {_brief(err)}') from None
        return _understood(verb, output)


def _understood(verb: str, output: str) -> Mapping[str, Any]:
    lines = output.strip().splitlines()
    try:
        found: object = json.loads(lines[-1] if lines else '')
    except ValueError:
        raise WpctlError(SILENT, f'wpctl {verb} gave no answer that can be read') from None
    if not isinstance(found, dict):
        raise WpctlError(SILENT, f'wpctl {verb} gave no answer that can be read')
    answer = cast('dict[str, Any]', found)
    if answer.get('ok') is not True:
        raise WpctlError(str(answer.get('error', SILENT)), str(answer.get('message', ''))[:300])
    return answer


def _brief(err: Exception) -> str:
    return (str(err).strip().splitlines() or [type(err).__name__])[0][:120]
