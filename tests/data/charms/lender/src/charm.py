#!/usr/bin/env python3
"""Tells its relations the option ``value``, openly and as a secret; its status says which units of which model it has heard."""

from __future__ import annotations

import ops


class Lender(ops.CharmBase):
    def __init__(self, framework: ops.Framework) -> None:
        super().__init__(framework)
        for event in (
            self.on.start,
            self.on.config_changed,
            self.on.db_relation_created,
            self.on.db_relation_joined,
            self.on.db_relation_changed,
            self.on.db_relation_departed,
            self.on.db_relation_broken,
        ):
            framework.observe(event, self._tell)
        framework.observe(self.on.secret_remove, self._tidy)

    def _tell(self, event: ops.EventBase) -> None:
        broken = event.relation.id if isinstance(event, ops.RelationBrokenEvent) else None
        heard: list[str] = []
        for relation in self.model.relations['db']:
            if relation.id == broken:
                continue
            if self.unit.is_leader():
                relation.data[self.app]['dbkey'] = str(self.config['value'])
                secret = self._secret()
                secret.grant(relation)
                relation.data[self.app]['secret'] = str(secret.id)
            relation.data[self.unit]['told-by'] = self.unit.name
            for unit in sorted(relation.units, key=lambda unit: unit.name):
                heard.append(f'{unit.name}={relation.data[unit].get("borrower", "?")}')
            heard.append(f'from {relation.remote_model.uuid}')
        self.unit.status = ops.ActiveStatus(' '.join(heard) or 'nobody')

    def _secret(self) -> ops.Secret:
        content = {'word': f'secret-{self.config["value"]}'}
        try:
            secret = self.model.get_secret(label='lent')
        except ops.SecretNotFoundError:
            return self.app.add_secret(content, label='lent')
        secret.set_content(content)
        secret.get_content(refresh=True)  # the owner is a reader, too, and holds its revision
        return secret

    def _tidy(self, event: ops.SecretRemoveEvent) -> None:
        event.remove_revision()


if __name__ == '__main__':
    ops.main(Lender)
