#!/usr/bin/env python3
"""Offers a made-up database; what it does is seen in statuses, relation data, actions and the log."""

import logging

import ops

log = logging.getLogger(__name__)


class OpsDb(ops.CharmBase):
    """Says its greeting in its status and over each relation."""

    def __init__(self, framework: ops.Framework) -> None:
        super().__init__(framework)
        framework.observe(self.on.start, self._on_changed)
        framework.observe(self.on.config_changed, self._on_changed)
        framework.observe(self.on.upgrade_charm, self._on_changed)
        framework.observe(self.on.db_relation_created, self._on_changed)
        framework.observe(self.on.report_action, self._on_report)
        framework.observe(self.on.refuse_action, self._on_refuse)
        framework.observe(self.on.crash_action, self._on_crash)

    def _on_changed(self, _: ops.EventBase) -> None:
        greeting = str(self.config['greeting'])
        log.info('greeting is %s', greeting)
        self.unit.set_workload_version('1.2')
        self.unit.set_ports(ops.Port('tcp', 5432))
        if self.unit.is_leader():
            for relation in self.model.relations['db']:
                relation.data[self.app]['greeting'] = greeting
        for relation in self.model.relations['db']:
            relation.data[self.unit]['name'] = self.unit.name
        self.unit.status = ops.ActiveStatus(greeting.upper() if self.config['loud'] else greeting)

    def _on_report(self, event: ops.ActionEvent) -> None:
        event.log('reporting')
        told = {'word': event.params['word'], 'config': {'size': str(self.config['size'])}}
        login = self.config.get('login')
        if login:
            content = self.model.get_secret(id=str(login)).get_content(refresh=True)
            told['user'] = content['user']
        try:
            told['words'] = self.model.resources.fetch('words').read_text()
        except ops.ModelError:
            log.info('no words were brought')
        scratch = [str(storage.location) for storage in self.model.storages['scratch']]
        event.set_results({**told, 'scratch': ' '.join(scratch)})

    def _on_refuse(self, event: ops.ActionEvent) -> None:
        event.fail('will not')

    def _on_crash(self, _: ops.ActionEvent) -> None:
        raise RuntimeError('this action always crashes')


if __name__ == '__main__':
    ops.main(OpsDb)
