#!/usr/bin/env python3
"""The nrpe charm: every event leads to one look at all that is wanted, and to what is missing for it."""

from __future__ import annotations

import datetime
import os
from collections.abc import Sequence
from pathlib import Path

import agent
import checks
import machine
import monitors
import ops
import options
import related
import render

_PRINCIPAL = ('nrpe-external-master', 'general-info', 'local-monitors')


class NrpeCharm(ops.CharmBase):
    """A Nagios agent beside a principal, as the classic nrpe charm is one."""

    host = machine.Machine()
    _stored = ops.StoredState()

    def __init__(self, framework: ops.Framework) -> None:
        super().__init__(framework)
        self._stored.set_default(running='')
        self._agent = agent.Agent(self.host, plugins=Path(self.charm_dir, 'files/plugins'))
        on = self.on
        framework.observe(on.install, self._install)
        for event in (on.start, on.upgrade_charm, on.config_changed, on.update_status):
            framework.observe(event, self._reconcile)
        for name in (*_PRINCIPAL, 'monitors', 'nrpe'):
            its = on[name]
            for event in (
                its.relation_joined,
                its.relation_changed,
                its.relation_departed,
                its.relation_broken,
            ):
                framework.observe(event, self._reconcile)
        framework.observe(on.stop, self._stop)
        framework.observe(on.list_nrpe_checks_action, self._list_checks)
        framework.observe(on.run_nrpe_check_action, self._run_check)
        framework.observe(on.ack_reboot_action, self._acknowledge_reboot)

    def _install(self, _: ops.InstallEvent) -> None:
        # Nothing else: the unit has not joined its relations yet, and config-changed comes in a moment.
        self.unit.status = ops.MaintenanceStatus('installing the NRPE daemon')
        self._agent.install()

    def _reconcile(self, event: ops.EventBase) -> None:
        wanted = self.load_config(options.Options, errors='blocked')
        others = related.Related(self, event)
        self._agent.install()
        self._agent.acknowledge_boot(again=False)
        facts = self._agent.facts()
        host = self._host_name(wanted, facts, others)
        own = checks.of_machine(wanted, facts)
        try:
            parts = self._monitors(wanted, others)
        except monitors.MonitorsFault as err:
            self.unit.status = ops.BlockedStatus(str(err))
            return
        run_here = (*own, *(check for part in parts for check in part.local))
        self._write(wanted, run_here, host, others)
        self._publish(wanted, monitors.merge(parts, own), host, others)
        if {port.port for port in self.unit.opened_ports()} != {wanted.server_port}:
            self.unit.set_ports(wanted.server_port)
        digest = self._agent.digest()
        is_up = self._agent.bring_up(restart=digest != self._stored.running)
        self._stored.running = digest if is_up else ''
        self.unit.status = self._status(wanted, others, is_up=is_up)

    def _stop(self, _: ops.StopEvent) -> None:
        self._agent.remove()

    def _list_checks(self, event: ops.ActionEvent) -> None:
        lines = [f'{name}: {command}' for name, command in sorted(self._agent.commands().items())]
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec='seconds')
        event.set_results({'checks': '\n'.join(lines), 'timestamp': now})

    def _run_check(self, event: ops.ActionEvent) -> None:
        name = str(event.params['name'])
        command = self._agent.commands().get(name)
        if command is None:
            event.fail(f'there is no check "{name}"')
            return
        code, output = self._agent.run_check(command)
        event.set_results({'check-output': output, 'exit-code': code})
        if code:
            event.fail(f'check "{name}" ended with {code}')

    def _acknowledge_reboot(self, event: ops.ActionEvent) -> None:
        self._agent.acknowledge_boot(again=True)
        event.set_results({'message': 'the last reboot is acknowledged'})

    def _host_name(self, wanted: options.Options, facts: checks.Facts, others: related.Related) -> str:
        principal = self._principal(others)
        by_host = wanted.nagios_hostname_type == 'host' or (
            wanted.nagios_hostname_type == 'auto' and facts.is_bare_metal
        )
        name = facts.hostname if by_host or not principal else principal.replace('/', '-')
        return f'{wanted.nagios_host_context}-{name}' if wanted.nagios_host_context else name

    def _principal(self, others: related.Related) -> str:
        """The unit that this one stands beside; of several, the one that calls itself primary."""
        if unit := os.environ.get('JUJU_PRINCIPAL_UNIT'):
            return unit
        bags = others.bags(*others.relations(*_PRINCIPAL))
        primary = [unit for unit, data in bags if data.get('primary', '').lower() == 'true']
        return next(iter([*primary, *(unit for unit, _ in bags)]), '')

    def _monitors(self, wanted: options.Options, others: related.Related) -> tuple[monitors.Monitors, ...]:
        parts = [
            monitors.read(data['monitors'], author=unit, source='principal')
            for unit, data in others.bags(*others.relations(*_PRINCIPAL))
            if data.get('monitors')
        ]
        user = monitors.read(wanted.monitors, author='the monitors option', source='user')
        return (*parts, user)

    def _write(
        self,
        wanted: options.Options,
        run_here: Sequence[checks.Check],
        host: str,
        others: related.Related,
    ) -> None:
        askers = [
            address.strip()
            for _, data in others.bags(*others.relations('monitors'))
            for address in _addresses(data).split(',')
            if address.strip()
        ]
        files = {render.CONFIG: render.daemon(wanted, askers), **render.agent_files(run_here)}
        if wanted.exports:
            address = others.address('monitors')
            files |= render.export_files(wanted, run_here, host=host, address=address)
            files |= render.rsync_files(wanted)
        self._agent.write(files)
        if wanted.exports:
            self._agent.serve_exports()

    def _publish(self, wanted: options.Options, merged: str, host: str, others: related.Related) -> None:
        for relation in others.relations('nrpe-external-master', 'local-monitors'):
            told = {'nagios_hostname': host, 'nagios_host_context': wanted.nagios_host_context}
            others.publish(relation, told)
        for relation in others.relations('monitors'):
            address = others.address('monitors')
            others.publish(
                relation,
                {
                    'target-id': host,
                    'target-address': address,
                    'monitors': merged,
                    'nagios_host_context': wanted.nagios_host_context,
                    'machine_id': os.environ.get('JUJU_MACHINE_ID', ''),
                    'model_id': self.model.uuid,
                    'private-address': address,
                    'ingress-address': address,
                },
            )

    def _status(self, wanted: options.Options, others: related.Related, *, is_up: bool) -> ops.StatusBase:
        if not is_up:
            return ops.BlockedStatus('the NRPE daemon does not run; see journalctl -u nagios-nrpe-server')
        has_nagios = bool(wanted.masters or others.relations('monitors'))
        if wanted.require_nagios and not has_nagios:
            return ops.BlockedStatus('no Nagios server is related or configured')
        count = len(self._agent.commands())
        return ops.ActiveStatus(f'{count} checks{"" if has_nagios else ", no Nagios server yet"}')


def _addresses(data: related.Bag) -> str:
    """Where a Nagios server's questions come from: Juju knows it more or less well."""
    for key in ('egress-subnets', 'ingress-address', 'private-address'):
        if data.get(key):
            return data[key]
    return ''


if __name__ == '__main__':
    ops.main(NrpeCharm)
