"""The leader's part: the database is brought to what is wanted. What is so already starts no PHP."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from collections.abc import Mapping

import keys
import ops
import peers
import state
import workload

DONE = 'Wordpress configured and initialised'
"""The line of the log by which people know that the blog is there."""

log = logging.getLogger(__name__)


class Installer:
    """Installs, upgrades and applies, each only when it is needed.

    Attributes:
        problems: What a person must do before everything is as wanted.
    """

    def __init__(
        self,
        charm: ops.CharmBase,
        container: workload.Workload,
        flags: peers.Peers,
        site: state.Site,
        code: workload.Code,
    ) -> None:
        self._charm = charm
        self._workload = container
        self._helper = container.wpctl
        self._peers = flags
        self._site = site
        self._code = code
        self.problems: list[str] = []

    def bring_up(self, *, looks: bool) -> None:
        """Bring the database to what is wanted.

        Args:
            looks: Whether to ask the database if its site is still there.

        Raises:
            wpctl.WpctlError: something could not be done now.
        """
        flags, identity = self._peers.flags(), self._site.database.identity
        if looks and flags.installed and not self._helper.status().installed:
            log.warning('the database %s holds no site any more', identity)
            flags = self._peers.update(installed='')
        is_new = flags.installed != identity
        if is_new:
            self._charm.unit.status = ops.MaintenanceStatus('installing')
            flags = self._install()
        if self._code.schema != flags.schema:
            self._upgrade()
        self._apply()
        if is_new:
            log.info(DONE)

    def _install(self) -> peers.Flags:
        initial = self._site.options.initial
        admin = keys.read(self._charm.model, keys.ADMIN) or {}
        user, password = admin['username'], admin['password']
        installed = self._helper.install(
            title=initial.title, user=user, email=initial.email, password=password, public=initial.public
        )
        # A hook that was killed after installing finds its own site here.
        is_ours = installed or self._helper.is_password(user=user, password=password)
        return self._peers.update(
            installed=self._site.database.identity,
            origin=peers.BY_US if is_ours else peers.BEFORE_US,
            applied='',
            # What is just made needs no upgrade.
            schema=self._code.schema if installed else '',
        )

    def _upgrade(self) -> None:
        found = self._helper.status()
        if found.db_version > found.code_db_version:
            # Older code mostly serves pages with it, so readers are not sent away.
            self.problems.append(
                f'the schema {found.db_version} of the database is newer than WordPress {found.version}, '
                f'which knows {found.code_db_version}; refresh to the newer image, or restore an older backup'
            )
            return
        if found.upgrade_needed:
            self._charm.unit.status = ops.MaintenanceStatus('upgrading the schema')
            rehearsal = self._helper.rehearse(timeout_s=300)
            if not rehearsal.good:
                why = '; '.join(rehearsal.problems)
                log.error('the upgrade went wrong on a copy of the tables: %s', why)
                # Newer code serves pages with an older schema.
                self.problems.append(
                    f'the schema stays as it is, its upgrade went wrong on a copy: {why[:300]}'
                )
                return
            path = self._workload.export_path(f'before-schema-{self._code.schema}')
            self._helper.export_to(path, timeout_s=300)
            log.info('the database was exported to %s', path)
            done = self._helper.upgrade()
            log.info('the schema went from %s to %s', done.get('from'), done.get('to'))
        self._peers.update(schema=self._code.schema)

    def _apply(self) -> None:
        wanted = state.applied(self._site.options)
        tree = self._site.downloads
        missing = {
            kind: self._workload.missing(kind, slugs, tree=tree) for kind, slugs in _named(wanted).items()
        }
        activate = tuple(slug for slug in wanted.activate if slug not in missing['plugins'])
        theme = '' if wanted.theme in missing['themes'] else wanted.theme
        flags = self._peers.flags()
        facts = [self._site.database.identity, dict(wanted.options), activate, theme]
        digest = hmac.new(
            self._site.keys['AUTH_SALT'].encode(), json.dumps(facts, sort_keys=True).encode(), hashlib.sha256
        ).hexdigest()
        if digest == flags.applied:
            return
        remove = tuple(name for name in flags.owned_options if name not in wanted.options)
        deactivate = tuple(slug for slug in flags.owned_plugins if slug not in activate)
        if wanted.options or remove or activate or deactivate or theme:
            changed = self._helper.apply(
                options=wanted.options,
                remove_options=remove,
                activate=activate,
                deactivate=deactivate,
                theme=theme,
            )
            if changed:
                log.info('the site was changed: %s', ', '.join(changed))
        self._peers.update(applied=digest, owned_options=tuple(wanted.options), owned_plugins=activate)


def _named(wanted: state.Applied) -> Mapping[str, tuple[str, ...]]:
    return {'plugins': wanted.activate, 'themes': (wanted.theme,) if wanted.theme else ()}
