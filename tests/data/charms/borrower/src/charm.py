#!/usr/bin/env python3
"""Its status says what its relation has told it, and through which hook it came to know."""

from __future__ import annotations

import ops


class Borrower(ops.CharmBase):
    def __init__(self, framework: ops.Framework) -> None:
        super().__init__(framework)
        framework.observe(self.on.start, self._start)
        framework.observe(self.on.db_relation_created, self._created)
        framework.observe(self.on.db_relation_changed, self._changed)
        framework.observe(self.on.db_relation_broken, self._broken)
        framework.observe(self.on.secret_changed, self._secret_changed)

    def _start(self, _: ops.EventBase) -> None:
        if not self.model.relations['db']:
            self.unit.status = ops.ActiveStatus('started')

    def _created(self, event: ops.RelationCreatedEvent) -> None:
        event.relation.data[self.unit]['borrower'] = self.unit.name
        self.unit.status = ops.ActiveStatus('relation created')

    def _changed(self, event: ops.RelationChangedEvent) -> None:
        told = event.relation.data[event.app].get('dbkey', '?')
        units = ' '.join(
            f'{unit.name}={event.relation.data[unit].get("told-by", "?")}'
            for unit in sorted(event.relation.units, key=lambda unit: unit.name)
        )
        ingress = self.model.get_binding(event.relation).network.ingress_address
        self.unit.status = ops.ActiveStatus(f'relation changed: dbkey={told} {units} at {ingress}{self._lent(event)}')

    def _lent(self, event: ops.RelationChangedEvent) -> str:
        secret_id = event.relation.data[event.app].get('secret')
        if secret_id is None:
            return ''
        content = self.model.get_secret(id=secret_id, label='lent').get_content()
        return f' word={content["word"]}'

    def _secret_changed(self, event: ops.SecretChangedEvent) -> None:
        word = event.secret.get_content(refresh=True)['word']
        self.unit.status = ops.ActiveStatus(f'{self.unit.status.message} now {event.secret.label}={word}')

    def _broken(self, _: ops.RelationBrokenEvent) -> None:
        self.unit.status = ops.ActiveStatus('relation broken')


if __name__ == '__main__':
    ops.main(Borrower)
