#!/usr/bin/env python3
"""The WordPress charm: every event leads to one look at all that is wanted, and to what is missing for it.

No hook waits. What is not there yet brings an event when it comes: a relation's data, a peer's flag, or a
notice of Pebble for a database that did not answer.
"""

from __future__ import annotations

if __name__ == '__main__':
    import os

    import tracing

    # Before ops, which takes its library of traces along where it can.
    tracing.prepare(os.environ)

import logging
from collections.abc import Mapping

import config
import cos
import database
import downloads
import edge
import fetcher
import files
import helpers
import imagename
import installer
import keys
import objectstore
import ops
import peers
import related
import state
import tracing
import workload
import wpctl

IMAGE = 'wordpress-image'
_KEEPING = 'keeping the first password'
_RELATIONS = (
    database.ENDPOINT,
    edge.INGRESS,
    edge.NGINX,
    edge.CERTIFICATES,
    edge.WEBSITE,
    objectstore.ENDPOINT,
    helpers.REDIS,
    helpers.SMTP,
    helpers.OAUTH,
    cos.LOGGING,
    cos.METRICS,
    cos.DASHBOARD,
    peers.ENDPOINT,
)
_ACTIONS = (
    'get_initial_password',
    'rotate_keys',
    'reset_admin_password',
    'backup',
    'restore',
    'list_backups',
    'rehearse_upgrade',
    'media_sync',
)

log = logging.getLogger(__name__)


class WordpressCharm(ops.CharmBase):
    """WordPress in a pod."""

    def __init__(self, framework: ops.Framework) -> None:
        super().__init__(framework)
        self.tracing = tracing.attach(self)
        self.workload = workload.Workload(self.unit.get_container(workload.CONTAINER))
        self.peers = peers.Peers(self)
        container = self.unit.get_container(workload.CONTAINER)
        self.fetcher = fetcher.Fetcher(self, container, self.workload, self.peers)
        self._statuses: list[ops.StatusBase] = []
        self._notes: list[str] = []
        self._new_keys: Mapping[str, str] | None = None
        self._changed: set[str] = set()
        on = self.on
        pod = on[workload.CONTAINER]
        for event in (
            on.start,
            on.upgrade_charm,
            on.config_changed,
            on.update_status,
            on.leader_elected,
            on.secret_changed,
            on.uploads_storage_attached,
            pod.pebble_ready,
            pod.pebble_custom_notice,
            pod.pebble_check_failed,
            pod.pebble_check_recovered,
        ):
            framework.observe(event, self._reconcile)
        for name in _RELATIONS:
            its = on[name]
            for event in (
                its.relation_created,
                its.relation_changed,
                its.relation_departed,
                its.relation_broken,
            ):
                framework.observe(event, self._reconcile)
        framework.observe(on.secret_remove, self._forget_revision)
        framework.observe(on.stop, self._stop)
        framework.observe(on.remove, self._stop)
        framework.observe(on.collect_unit_status, self._collect_status)
        for name in _ACTIONS:
            framework.observe(on[name].action, self._act)

    # --- events ---

    def _reconcile(self, event: ops.EventBase) -> None:
        others = related.Related(self, event)
        try:
            options = self.options()
        except config.ConfigFaults as err:
            # What runs goes on running as it was.
            self._statuses.append(ops.BlockedStatus('; '.join(err.faults)))
            return
        self._check_image(options)
        made_secrets = self._ensure_secrets(options)
        cos.publish(others, self)
        self._open_ports(others, options)
        edge.publish_website(others, port=options.http_port)
        database.ask(others, name=options.database_name, default=self.app.name)
        objectstore.ask(others, app=self.app.name)
        chosen = self._edge(others, options)
        if not self.workload.is_there:
            self._statuses.append(ops.WaitingStatus('for the workload container'))
            return
        self.workload.own_volumes()
        self.workload.prepare(files.waiting_layer(options))
        code = self.workload.code()
        if code.version:
            self.unit.set_workload_version(code.version)
        fetched = self._fetch(options)
        site = self._site(others, options, chosen, downloads=fetched.tree)
        if site is None:
            self._rest(others)
            return
        if not fetched.may_serve and not self.workload.is_serving:
            # Without the code that the other units run it would be another site.
            return
        if not self._leave(fetched, site):
            return
        if self._bring_up(event, site, code, made_secrets=made_secrets):
            self._serve(others, site)
            self.fetcher.clean(fetched)

    def _forget_revision(self, event: ops.SecretRemoveEvent) -> None:
        event.remove_revision()

    def _stop(self, _: ops.EventBase) -> None:
        # Not when a pod is only replaced: the Ingress belongs to the application.
        if self.config.get('tls_secret_name') and self.app.planned_units() == 0:
            self._cluster().remove()

    def _collect_status(self, event: ops.CollectStatusEvent) -> None:
        for status in self._statuses:
            event.add_status(status)

    def _act(self, event: ops.ActionEvent) -> None:
        import actions

        actions.run(self, event)

    def reconcile_after(self, event: ops.ActionEvent, site_keys: Mapping[str, str]) -> None:
        """Look at everything again, after an action that gave the site other *site_keys*."""
        # What a hook writes into a secret is only sure to be read after the hook.
        self._new_keys = site_keys
        self._reconcile(event)

    # --- what is wanted ---

    def options(self) -> config.Config:
        """Return the options, understood."""
        return config.load(dict(self.config), app=self.app.name, secret=self._secret)

    def _secret(self, uri: str) -> related.Bag:
        try:
            return self.model.get_secret(id=uri).get_content(refresh=True)
        except (ops.SecretNotFoundError, ops.ModelError) as err:
            raise config.SecretFault from err

    def _check_image(self, options: config.Config) -> None:
        if not options.image:
            return
        try:
            text = self.model.resources.fetch(IMAGE).read_text()
        except (ops.ModelError, NameError, OSError):
            return
        if not imagename.is_same(options.image, text):
            command = f'juju refresh {self.app.name} --resource {IMAGE}={options.image}'
            self._statuses.append(ops.BlockedStatus(f'image: the resource is another one; {command}'))

    def _ensure_secrets(self, options: config.Config) -> bool:
        """Make the application's secrets, on the leader; return whether one was made just now."""
        made = False
        if self.unit.is_leader():
            if keys.read(self.model, keys.KEYS) is None:
                keys.write(self.app, self.model, keys.KEYS, keys.make_keys())
                made = True
            if keys.read(self.model, keys.ADMIN) is None:
                initial = options.initial
                password = initial.password or keys.make_password()
                keys.write(self.app, self.model, keys.ADMIN, {'username': initial.user, 'password': password})
                made = True
        return made

    def _open_ports(self, others: related.Related, options: config.Config) -> None:
        ports = self._ports(others, options)
        if others.relations(cos.METRICS):
            ports.add(cos.EXPORTER_PORT)
        if {port.port for port in self.unit.opened_ports()} != ports:
            self.unit.set_ports(*sorted(ports))

    def _ports(self, others: related.Related, options: config.Config) -> set[int]:
        """Return the ports that Apache listens on."""
        has_own_tls = bool(others.relations(edge.CERTIFICATES))
        return {options.http_port, options.https_port} if has_own_tls else {options.http_port}

    def _edge(self, others: related.Related, options: config.Config) -> edge.Edge:
        chosen = edge.choose(
            others,
            options,
            app=self.app.name,
            model=self.model.name,
            unit=self.unit.name,
            is_leader=self.unit.is_leader(),
            cluster=self._cluster(),
            issuer=self._issuer(others),
        )
        if self.unit.is_leader() and self.peers.is_there:
            self._keep_ingress(is_kept=edge.keeps_ingress(others, options))
        if chosen.note:
            self._notes.append(chosen.note)
        if chosen.blocked:
            self._statuses.append(ops.BlockedStatus(chosen.blocked))
        if chosen.waiting:
            self._statuses.append(ops.WaitingStatus(chosen.waiting))
        return chosen

    def _keep_ingress(self, *, is_kept: bool) -> None:
        flags = self.peers.flags()
        if flags.ingress and not is_kept:
            self._cluster().remove()
        self.peers.update(ingress='kept' if is_kept else '')

    def _cluster(self) -> edge.Cluster:
        import ingress

        return ingress.Cluster(app=self.app.name, model=self.model.name)

    def _issuer(self, others: related.Related) -> edge.Issuer:
        import certificates

        return certificates.Issuer(self, others)

    def _site(
        self, others: related.Related, options: config.Config, chosen: edge.Edge, *, downloads: str
    ) -> state.Site | None:
        """Gather the wanted state; without one, the reason is among the statuses."""
        base = database.related_database(others, name=options.database_name or self.app.name)
        if base is None and others.relations(database.ENDPOINT):
            self._statuses.append(ops.WaitingStatus('database: the relation has given no credentials yet'))
            return None
        if base is None and options.database is not None:
            base = database.configured(options.database)
        if base is None:
            remedy = f'juju integrate {self.app.name} DATABASE, or juju config {self.app.name} db_host=HOST'
            self._statuses.append(ops.BlockedStatus(f'no database; {remedy} and db_password=...'))
            return None
        found_keys = self._new_keys or keys.read(self.model, keys.KEYS)
        if found_keys is None:
            self._statuses.append(ops.WaitingStatus('for the leader to make the keys'))
            return None
        storage = objectstore.for_site(objectstore.related_s3(others), options.swift)
        number = int(self.unit.name.rpartition('/')[2])
        if number and storage is None and not options.allow_local_uploads:
            remedy = (
                'integrate s3-credentials, set wp_plugin_openstack-objectstorage_config, '
                f'or juju config {self.app.name} allow_local_uploads=true'
            )
            self._statuses.append(ops.BlockedStatus(f'uploads would exist on one unit only; {remedy}'))
            return None
        url_host = chosen.url.partition('://')[2].partition(':')[0]
        helpers.ask_oauth(others, url=chosen.url)
        extras = state.Extras(
            object_storage=storage,
            smtp=helpers.smtp(others, hostname=url_host),
            redis=helpers.redis(others),
            oidc=helpers.oidc(others, options),
        )
        return state.Site(
            url=chosen.url,
            hosts=tuple(host for host in options.more_hostnames if host != url_host),
            behind_proxy=chosen.behind_proxy,
            database=base,
            keys=found_keys,
            options=options,
            extras=extras,
            certificate=chosen.certificate,
            downloads=downloads,
        )

    # --- what is done ---

    def _fetch(self, options: config.Config) -> downloads.Verdict:
        found = self.fetcher.look(options)
        # One status for each kind: of several only the first would be seen.
        if found.blocked:
            self._statuses.append(ops.BlockedStatus('; '.join(found.blocked)))
        if found.waiting:
            self._statuses.append(ops.WaitingStatus('; '.join(found.waiting)))
        return found

    def _leave(self, fetched: downloads.Verdict, site: state.Site) -> bool:
        """Have the site do without what is no longer downloaded; return whether it does."""
        if self.unit.is_leader():
            try:
                self.fetcher.leave(fetched)
            except wpctl.WpctlError as err:
                self._note_failure(err, site)
                return False
        return True

    def _rest(self, others: related.Related) -> None:
        """Take the site away from a unit that has none to serve; Apache answers 503 from then on."""
        self.workload.stop_awaiting()
        self.workload.stop_cron()
        self.workload.put({})
        if self.unit.is_leader() and others.is_breaking(database.ENDPOINT):
            # Another database may come, even under the same name.
            self.peers.update(installed='')

    def _bring_up(
        self, event: ops.EventBase, site: state.Site, code: workload.Code, *, made_secrets: bool
    ) -> bool:
        """Push the files, bring the database to what is wanted; return whether there is a site to serve."""
        self._changed = self.workload.put(files.wanted(site))
        if not self.unit.is_leader():
            if self.peers.flags().installed == site.database.identity:
                return True
            self._statuses.append(ops.WaitingStatus('for the leader to install'))
            return self.workload.is_serving
        if not self.peers.is_there:
            self._statuses.append(ops.WaitingStatus('for the peer relation'))
            return False
        if isinstance(event, ops.PebbleCustomNoticeEvent) and event.notice.key == files.DATABASE_ANSWERS:
            self.workload.stop_awaiting()
        reason = self.workload.awaited()
        if reason == _KEEPING:
            # It is kept by now, and whoever looks at the status wants to know how the database is.
            self.workload.stop_awaiting()
            reason = None
        if reason is not None and files.SITE not in self._changed:
            self._statuses.append(ops.WaitingStatus(reason))
        elif made_secrets and self.peers.flags().installed != site.database.identity:
            # A password must be kept before anything is installed with it, and a hook keeps when it ends.
            self._await(_KEEPING)
        else:
            try:
                found = installer.Installer(self, self.workload, self.peers, site, code)
                found.bring_up(looks=isinstance(event, ops.UpdateStatusEvent))
                self._statuses.extend(map(ops.BlockedStatus, found.problems))
            except wpctl.WpctlError as err:
                self._note_failure(err, site)
        return self.peers.flags().installed == site.database.identity

    def _note_failure(self, err: wpctl.WpctlError, site: state.Site) -> None:
        if err.code == wpctl.UNREACHABLE:
            self._await(f'database {site.database.address}: {err.message}; retrying by itself')
        elif err.code in wpctl.DATABASE_CODES and site.options.database is not None:
            remedy = f'grant it, or juju config {self.app.name} db_user=... db_password=... db_name=...'
            self._await(f'database {site.database.identity}: {err.message}', blocked=remedy)
        elif err.code in wpctl.DATABASE_CODES:
            self._await(f'database {site.database.identity}: {err.message}; retrying by itself')
        elif err.code == wpctl.LOCKED:
            self._await('another unit holds the site; retrying by itself')
        else:
            log.error('wpctl: %s', err)
            self._statuses.append(ops.WaitingStatus(f'{err}; retrying with the next event'))

    def _await(self, reason: str, *, blocked: str = '') -> None:
        self.workload.await_database(reason)
        self._statuses.append(
            ops.BlockedStatus(f'{reason}; {blocked}') if blocked else ops.WaitingStatus(reason)
        )

    def _serve(self, others: related.Related, site: state.Site) -> None:
        targets = cos.log_targets(others)
        there = {name for name in self.workload.plan().log_targets if name.startswith(cos.TARGET)}
        layer = files.layer(
            site.options,
            runs_cron=self.unit.is_leader(),
            as_root=workload.needs_root(min(self._ports(others, site.options))),
            log_targets=targets,
            gone_targets=sorted(there - targets.keys()),
            labels=cos.labels(self),
        )
        try:
            self.workload.serve(layer, changed=self._changed)
        except ops.pebble.ChangeError as err:
            names = ', '.join(self.workload.not_started()) or 'a service'
            log.error('cannot start %s: %s', names, err)
            self.workload.start_again()
            reason = f'{names} did not start; trying again after {files.START_AGAIN_S} s, see juju debug-log'
            self._statuses.append(ops.WaitingStatus(reason))
            return
        self._note_health(site)

    def _keeps_uploads(self, site: state.Site) -> bool:
        if site.extras.object_storage or site.options.allow_local_uploads:
            return True
        return bool(self.model.storages[workload.STORAGE])

    def _note_health(self, site: state.Site) -> None:
        failing = self.workload.failing_checks()
        if 'site' in failing or 'alive' in failing:
            reason = 'GET /-/ready does not answer 200'
            try:
                self.workload.wpctl.ping()
            except wpctl.WpctlError as err:
                reason = f'database {site.database.address}: {err.message}'
            self._statuses.append(ops.WaitingStatus(f'{reason}; retrying by itself'))
        version = self.workload.code().version
        notes = [f'{site.url} ({version})' if version else site.url, *self._notes]
        if not self._keeps_uploads(site):
            notes.append('uploads are lost with the pod: it has no storage "uploads", and no object storage')
        if not site.has_tls:
            notes.append('no TLS')
        if site.options.database and site.database != database.configured(site.options.database):
            notes.append('db_host is not used: there is a database relation')
        if site.options.has_pull_policy:
            notes.append(f'{config.PULL_POLICY} in container_config does nothing: Juju decides it')
        self._statuses.append(ops.ActiveStatus(', '.join(notes)))


if __name__ == '__main__':
    ops.main(WordpressCharm)
