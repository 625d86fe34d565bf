#!/usr/bin/env python3
"""The haproxy charm: every event leads to one look at all that is wanted, and to what is missing for it."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence

import checks
import definitions
import haproxy
import machine
import ops
import options
import peering
import related
import render
import services

_NRPE = ('nrpe-external-master', 'local-monitors')


class HaproxyCharm(ops.CharmBase):
    """A load balancer, as the classic haproxy charm is one."""

    host = machine.Machine()

    def __init__(self, framework: ops.Framework) -> None:
        super().__init__(framework)
        self._daemon = haproxy.Haproxy(self.host)
        on = self.on
        framework.observe(on.install, self._install)
        for event in (on.start, on.upgrade_charm, on.config_changed, on.update_status):
            framework.observe(event, self._reconcile)
        for name in ('reverseproxy', 'website', 'peer', 'statistics', *_NRPE):
            its = on[name]
            for event in (
                its.relation_joined,
                its.relation_changed,
                its.relation_departed,
                its.relation_broken,
            ):
                framework.observe(event, self._reconcile)
        framework.observe(on.stop, self._stop)
        framework.observe(on.monitoring_credentials_action, self._show_credentials)

    def _install(self, _: ops.InstallEvent) -> None:
        # Nothing else: the unit has not joined its relations yet, and config-changed comes in a moment.
        self.unit.status = ops.MaintenanceStatus('installing haproxy')
        self._ensure_installed()

    def _reconcile(self, event: ops.EventBase) -> None:
        wanted = self.load_config(options.Options, errors='blocked')
        others = related.Related(self, event)
        self._ensure_installed()
        try:
            found = self._services(wanted, others)
            password, certificate = self._password(wanted), self._certificate(wanted, others)
            rendered = render.config(
                wanted, found, unit=self.unit.name, password=password, default_crt=certificate
            )
            self._daemon.apply(rendered, secret=password)
        except (definitions.ServicesFault, haproxy.RefusedFault) as err:
            self.unit.status = ops.BlockedStatus(str(err))
            return
        self._daemon.set_kernel_parameters(wanted.sysctl_values())
        self._open_ports(wanted, found)
        self._publish_services(found, others)
        for relation in others.relations('reverseproxy'):
            public = base64.b64encode(haproxy.without_key(certificate or b'')).decode()
            others.publish(relation, {'public-address': others.address('website'), 'ssl_cert': public})
        for relation in others.relations('statistics'):
            others.publish(relation, _statistics(wanted, password))
        self._monitor(wanted, found, others)
        self.unit.status = _status(found, is_related=bool(others.relations('reverseproxy')))

    def _stop(self, _: ops.StopEvent) -> None:
        self._daemon.stop()
        for stale in self._check_files():
            self.host.remove(stale)

    def _show_credentials(self, event: ops.ActionEvent) -> None:
        wanted = self.load_config(options.Options)
        event.set_results(_statistics(wanted, self._password(wanted)))

    def _ensure_installed(self) -> None:
        if version := self._daemon.install():
            self.unit.set_workload_version(version)

    def _services(self, wanted: options.Options, others: related.Related) -> tuple[definitions.Service, ...]:
        bags = [
            services.Bag(unit=unit, data=data)
            for unit, data in others.bags(*others.relations('reverseproxy'))
        ]
        found = services.collect(wanted.services, bags, highest_port=wanted.monitoring_port)
        if wanted.peering_mode == peering.ACTIVE_ACTIVE:
            return found
        peers = [
            peering.Peer(
                unit=unit,
                address=data['private-address'],
                services=definitions.parse(data['all_services'], where=unit),
            )
            for unit, data in others.bags(*others.relations('peer'))
            if data.get('all_services') and data.get('private-address')
        ]
        if not peers:
            return found
        return peering.forward_to_first(found, peers, unit=self.unit.name, address=others.address('peer'))

    def _password(self, wanted: options.Options) -> str:
        if wanted.monitoring_password != options.GENERATE:
            return wanted.monitoring_password
        return self._daemon.password()

    def _certificate(self, wanted: options.Options, others: related.Related) -> bytes | None:
        if wanted.ssl_cert == options.SELF_SIGNED:
            return self._daemon.self_signed(others.address('website'))
        if not wanted.ssl_cert or not wanted.ssl_key:
            return None
        return definitions.decode(wanted.ssl_cert, 'ssl_cert') + definitions.decode(wanted.ssl_key, 'ssl_key')

    def _open_ports(self, wanted: options.Options, found: Sequence[definitions.Service]) -> None:
        ports = {service.address[1] for service in found}
        if wanted.enable_monitoring:
            ports.add(wanted.monitoring_port)
        if {port.port for port in self.unit.opened_ports()} != ports:
            self.unit.set_ports(*sorted(ports))

    def _publish_services(self, found: Sequence[definitions.Service], others: related.Related) -> None:
        dumped = definitions.dump(found) if found else ''
        for relation in others.relations('website', 'peer'):
            asked = {data['service_name'] for _, data in others.bags(relation) if 'service_name' in data}
            service = services.front(found, asked)
            host, port = service.address if service else (definitions.ANY_HOST, 80)
            # Where the service listens says something to others only when it is one address.
            if host in definitions.ANY_HOSTS:
                host = others.address(relation.name)
            others.publish(relation, {'hostname': host, 'port': str(port), 'all_services': dumped})

    def _monitor(
        self, wanted: options.Options, found: Sequence[definitions.Service], others: related.Related
    ) -> None:
        relations = others.relations(*_NRPE)
        made: Mapping[str, str] = {}
        if relations:
            wished = checks.wanted(wanted, found)
            named = [
                data['nagios_hostname'] for _, data in others.bags(*relations) if 'nagios_hostname' in data
            ]
            made = checks.files(
                wished,
                hostname=named[0] if named else f'{wanted.nagios_context}-{self.unit.name.replace("/", "-")}',
                servicegroups=wanted.nagios_servicegroups or wanted.nagios_context,
            )
            plugins = {p.name: p.read_bytes() for p in (self.charm_dir / 'files/plugins').glob('*.py')}
            for name, content in plugins.items():
                self.host.write(f'{checks.PLUGIN_DIR}/{name}', content, mode=0o755)
            data = {'monitors': checks.monitors(wished), 'primary': 'True', 'digest': checks.digest(made)}
            for relation in relations:
                others.publish(relation, data)
        for name, content in made.items():
            self.host.write(name, content)
        for stale in self._check_files() - made.keys():
            self.host.remove(stale)

    def _check_files(self) -> set[str]:
        exports = self.host.path(checks.EXPORT_DIR)
        known = {f'{checks.NRPE_DIR}/{name}.cfg' for name in checks.NAMES}
        for name in checks.NAMES:
            known |= {f'{checks.EXPORT_DIR}/{path.name}' for path in exports.glob(f'service__*_{name}.cfg')}
        return known


def _statistics(wanted: options.Options, password: str) -> dict[str, str]:
    if not wanted.enable_monitoring:
        return {'enabled': 'False', 'port': '', 'user': '', 'password': ''}
    return {
        'enabled': 'True',
        'port': str(wanted.monitoring_port),
        'user': wanted.monitoring_username,
        'password': password,
    }


def _status(found: Sequence[definitions.Service], *, is_related: bool) -> ops.StatusBase:
    if found:
        names = ', '.join(service.name for service in found)
        count = len({(server.host, server.port) for service in found for server in service.all_servers})
        return ops.ActiveStatus(f'serving {names} with {count} server{"" if count == 1 else "s"}')
    if is_related:
        return ops.WaitingStatus('waiting for backends to register on reverseproxy')
    return ops.BlockedStatus('no backends: relate reverseproxy, or name servers in the services option')


if __name__ == '__main__':
    ops.main(HaproxyCharm)
