#!/usr/bin/env python3
"""The charm: renders what the options say, starts the services, and tells Juju what the keeper says."""

from __future__ import annotations

import logging
import socket
from pathlib import Path
from typing import Any

import ops

from repository_cache import aptsources, options, publishing, rendering
from repository_cache.client import KeeperClient, KeeperDown
from repository_cache.machine import CommandError, Machine

KEEPER = 'repository-keeper.service'
NGINX = 'nginx.service'
READY_TIMEOUT_S = 120
"""How long a hook waits for the first snapshot; the status says so until then."""

_NEEDED = {'nginx-light': '/usr/sbin/nginx', 'gpgv': '/usr/bin/gpgv'}
_NRPE = 'nrpe-external-master'
_NRPE_FOLDER = '/etc/nagios/nrpe.d'
_HERE = Path(__file__).parent

log = logging.getLogger(__name__)


class RepositoryCacheCharm(ops.CharmBase):
    """A unit of the mirror."""

    def __init__(self, framework: ops.Framework) -> None:
        super().__init__(framework)
        self.machine = self.make_machine()
        self.keeper = self.make_keeper()
        self._problem: ops.StatusBase | None = None
        on = self.on
        framework.observe(on.install, self._on_install)
        for event in (on.config_changed, on.start, on.upgrade_charm):
            framework.observe(event, self._on_converge)
        framework.observe(on.update_status, self._on_update_status)
        framework.observe(on.stop, self._on_stop)
        framework.observe(on.collect_unit_status, self._on_collect_status)
        framework.observe(on['cluster'].relation_created, self._on_published)
        for event in (on['website'].relation_created, on['website'].relation_joined):
            framework.observe(event, self._on_published)
        for name in (_NRPE, 'local-monitors'):
            framework.observe(on[name].relation_created, self._on_published)
            framework.observe(on[name].relation_changed, self._on_published)
        framework.observe(on[_NRPE].relation_broken, self._on_nrpe_broken)
        framework.observe(on['sync'].action, self._on_sync)
        framework.observe(on['list_snapshots'].action, self._on_list_snapshots)
        framework.observe(on['verify'].action, self._on_verify)
        framework.observe(on['apt_sources'].action, self._on_apt_sources)
        framework.observe(on['drain'].action, self._on_drain)
        framework.observe(on['undrain'].action, self._on_undrain)

    def make_machine(self) -> Machine:
        """The machine to act on."""
        return Machine()

    def make_keeper(self) -> KeeperClient:
        """The way to the keeper."""
        return KeeperClient(Path(options.RUNTIME, 'control.socket'))

    # -- hooks ------------------------------------------------------------------------------------------

    def _on_install(self, _: ops.EventBase) -> None:
        """The keeper goes first: it builds the first snapshot while apt installs nginx."""
        plan = self._plan()
        if plan:
            self.unit.status = ops.MaintenanceStatus('starting the keeper')
            self._apply_keeper(plan)
        self.unit.status = ops.MaintenanceStatus('installing nginx')
        self.machine.install(['nginx-light'], needed=_NEEDED)

    def _on_converge(self, _: ops.EventBase) -> None:
        plan = self._plan()
        if not plan:
            return
        # After an upgrade the new charm may need packages that the old one did not install.
        self.machine.install(['nginx-light'], needed=_NEEDED)
        self._apply_keeper(plan)
        if not self._apply_nginx(plan):
            return
        self.unit.set_ports(plan.port)
        self.unit.set_workload_version(self.machine.nginx_version())
        self._wait_ready()
        self._publish(plan)

    def _on_update_status(self, _: ops.EventBase) -> None:
        plan = self._plan()
        if plan:
            self._publish(plan)

    def _on_published(self, _: ops.EventBase) -> None:
        plan = self._plan()
        if plan:
            self._publish(plan)

    def _on_stop(self, _: ops.EventBase) -> None:
        """Drain, then stop; the website relation is gone already, and nginx lets running downloads end."""
        try:
            self.keeper.command('drain', timeout_s=5)
        except KeeperDown:
            log.info('the keeper was down already')
        for unit in (NGINX, KEEPER):
            self.machine.stop_unit(unit)

    def _on_nrpe_broken(self, _: ops.EventBase) -> None:
        self._remove_checks()

    # -- what the options ask for -----------------------------------------------------------------------

    def _plan(self) -> options.Plan | None:
        """The plan, or None with the reason as this unit's status."""
        try:
            chosen = self.load_config(options.Options)
            plan = options.resolve(chosen, self.machine.facts(), application=self.app.name)
            own_file = not plan.keyring_package and not plan.keyring_bytes
            if own_file and not self.machine.path(plan.settings.keyring).is_file():
                raise options.OptionError('keyring', f'{plan.settings.keyring} is not on the machine')
            return plan
        except options.OptionError as err:
            self._problem = ops.BlockedStatus(str(err))
        return None

    def _apply_keeper(self, plan: options.Plan) -> None:
        needed = dict(_NEEDED)
        packages = ['gpgv']
        if plan.keyring_package:
            packages.append(plan.keyring_package)
            needed[plan.keyring_package] = plan.settings.keyring
        self.machine.install(packages, needed=needed)
        self.machine.ensure_user(plan.settings.store)
        code = self.machine.install_code(_HERE / 'keeper', f'{rendering.CODE}/keeper')
        keyring = bool(plan.keyring_bytes) and self.machine.write(options.KEYRING, plan.keyring_bytes)
        settings = self.machine.write(rendering.SETTINGS, rendering.keeper_settings(plan))
        unit = self.machine.write(rendering.UNIT, rendering.keeper_unit(plan))
        if unit:
            self.machine.reload_units()
        self.machine.start_unit(KEEPER, restart=code or keyring or settings or unit)

    def _apply_nginx(self, plan: options.Plan) -> bool:
        facts = self.machine.facts()
        try:
            changed = self.machine.write_nginx_conf(
                rendering.nginx_conf(plan, facts, ipv6=self.machine.has_ipv6())
            )
        except CommandError as err:
            log.error('%s', err)
            self._problem = ops.BlockedStatus('nginx does not accept its configuration: see the log')
            return False
        if self.machine.write(rendering.NGINX_DROPIN, rendering.nginx_dropin()):
            self.machine.reload_units()
            self.machine.start_unit(NGINX, restart=True)
        elif changed:
            self.machine.reload_unit(NGINX)
        else:
            self.machine.start_unit(NGINX)
        return True

    def _wait_ready(self) -> None:
        self.unit.status = ops.MaintenanceStatus('building the first snapshot')
        socket_path = f'{options.RUNTIME}/control.socket'
        if not self.machine.wait_for(socket_path, timeout_s=10):
            return
        try:
            self.keeper.wait_ready(timeout_s=READY_TIMEOUT_S)
        except KeeperDown as err:
            log.warning('%s', err)

    # -- what others are told ---------------------------------------------------------------------------

    def _publish(self, plan: options.Plan) -> None:
        self._publish_website(plan)
        self._publish_cluster()
        self._publish_monitors(plan)

    def _publish_website(self, plan: options.Plan) -> None:
        for relation in self.model.relations['website']:
            data = relation.data[self.unit]
            data.update({'hostname': socket.gethostname(), 'port': str(plan.port)})
            if not plan.publish_services:
                data.pop('services', None)
                continue
            binding = self.model.get_binding(relation)
            address = binding.network.ingress_address if binding else None
            if address:
                data['services'] = publishing.services_yaml(
                    service=plan.service_name, unit=self.unit.name, address=str(address), port=plan.port
                )

    def _publish_cluster(self) -> None:
        relation = self.model.get_relation('cluster')
        if not relation:
            return
        try:
            report = self.keeper.report()
        except KeeperDown:
            return
        relation.data[self.unit].update(
            {'generation': str(report['generation']), 'digest': str(report['digest'])}
        )

    def _publish_monitors(self, plan: options.Plan) -> None:
        items = publishing.checks(port=plan.port, path_base=plan.settings.path_base)
        for relation in self.model.relations['local-monitors']:
            relation.data[self.unit].update(
                {'monitors': publishing.local_monitors(port=plan.port), 'primary': 'True'}
            )
        # During relation-broken the relation is still listed, but not active any more.
        related = [relation for relation in self.model.relations[_NRPE] if relation.active]
        if not related:
            return
        for relation in related:
            relation.data[self.unit].update(
                {'monitors': publishing.external_monitors(items, port=plan.port), 'primary': 'True'}
            )
        changed = [
            self.machine.write(f'{publishing.PLUGINS}/{file.name}', file.read_bytes(), mode=0o755)
            for file in sorted((_HERE / 'plugins').iterdir())
            if file.is_file()
        ]
        for check in items:
            text = publishing.nrpe_file(check, servicegroups=plan.nagios_servicegroups)
            changed.append(self.machine.write(f'{_NRPE_FOLDER}/{check.name}.cfg', text))
        if any(changed):
            self._reload_nrpe()

    def _remove_checks(self) -> None:
        names = [check.name for check in publishing.checks(port=0, path_base='')]
        gone = [self.machine.remove(f'{_NRPE_FOLDER}/{name}.cfg') for name in names]
        for file in (_HERE / 'plugins').iterdir():
            self.machine.remove(f'{publishing.PLUGINS}/{file.name}')
        if any(gone):
            self._reload_nrpe()

    def _reload_nrpe(self) -> None:
        try:
            self.machine.reload_nrpe()
        except CommandError as err:
            # The subordinate may come later: it reads the folder when it starts.
            log.info('no NRPE server to reload: %s', err)

    def _on_collect_status(self, event: ops.CollectStatusEvent) -> None:
        if self._problem is None:
            self._plan()
        if self._problem is not None:
            event.add_status(self._problem)
            return
        try:
            report = self.keeper.report()
        except KeeperDown:
            event.add_status(ops.WaitingStatus('the keeper does not answer'))
            return
        if report['state'] == 'building':
            problems = report['sync']['problems'].values()
            reason = f': {next(iter(problems))}' if problems else ''
            event.add_status(ops.WaitingStatus(f'building the first snapshot{reason}'))
        elif report['state'] == 'draining':
            event.add_status(ops.MaintenanceStatus('draining: run the action undrain to serve again'))
        elif not self.machine.path(rendering.NGINX_CONF).exists():
            event.add_status(ops.MaintenanceStatus('installing nginx'))
        else:
            event.add_status(ops.ActiveStatus(publishing.status_text(report)))

    # -- actions ----------------------------------------------------------------------------------------

    def _on_sync(self, event: ops.ActionEvent) -> None:
        report = self._command(event, 'sync')
        if report:
            event.set_results(
                {
                    'changed': str(report['changed']).lower(),
                    'generation': report['generation'],
                    'digest': report['digest'],
                    'seconds': report['sync']['seconds'],
                    'problems': '; '.join(report['sync']['problems'].values()),
                }
            )

    def _on_list_snapshots(self, event: ops.ActionEvent) -> None:
        try:
            snapshots = self.keeper.snapshots()
        except KeeperDown as err:
            event.fail(str(err))
            return
        event.set_results({f'g{shot["generation"]}': publishing.snapshot_result(shot) for shot in snapshots})

    def _on_verify(self, event: ops.ActionEvent) -> None:
        found = self._command(event, 'verify')
        if found:
            event.set_results({'checked': found['checked'], 'damaged': ' '.join(found['damaged'])})
            if found['damaged']:
                event.fail(f'{len(found["damaged"])} damaged files: fetched again, see the log')

    def _on_apt_sources(self, event: ops.ActionEvent) -> None:
        plan = self._plan()
        if not plan:
            event.fail(self._problem.message if self._problem else '')
            return
        try:
            report = self.keeper.report()
        except KeeperDown as err:
            event.fail(str(err))
            return
        if not report['suites']:
            event.fail('there is no snapshot yet')
            return
        binding = self.model.get_binding('website')
        own = str(binding.network.ingress_address) if binding else socket.gethostname()
        host = str(event.params.get('host') or '') or (own if plan.port == 80 else f'{own}:{plan.port}')
        components = dict.fromkeys(name for suite in report['suites'] for name in suite['components'])
        text = aptsources.client_source(
            uri=f'http://{host}/{plan.settings.path_base}',
            suites=[suite['suite'] for suite in report['suites']],
            components=list(components),
            signed_by=plan.signed_by,
        )
        event.set_results({'sources': text})

    def _on_drain(self, event: ops.ActionEvent) -> None:
        answer = self._command(event, 'drain?lasting=1')
        if answer:
            event.set_results({'state': answer['state'], 'in-flight': answer['in_flight']})

    def _on_undrain(self, event: ops.ActionEvent) -> None:
        answer = self._command(event, 'undrain')
        if answer:
            event.set_results({'state': answer['state']})

    def _command(self, event: ops.ActionEvent, name: str) -> dict[str, Any] | None:
        try:
            answer = self.keeper.command(name)
        except KeeperDown as err:
            event.fail(str(err))
            return None
        if 'error' in answer:
            event.fail(str(answer['error']))
            return None
        return answer


if __name__ == '__main__':
    ops.main(RepositoryCacheCharm)
