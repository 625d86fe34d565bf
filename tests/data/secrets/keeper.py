#!/usr/bin/env python3
"""Owns a secret that it shares over ``db``, and reads one of the operator's that its option ``token`` names."""

from __future__ import annotations

import os
import pathlib

import ops

ABOUT = ('JUJU_DISPATCH_PATH', 'JUJU_SECRET_LABEL', 'JUJU_SECRET_REVISION')


class Keeper(ops.CharmBase):
    def __init__(self, framework: ops.Framework) -> None:
        super().__init__(framework)
        with pathlib.Path('hooks.log').open('a') as log:
            log.write(' '.join(filter(None, (os.environ.get(name) for name in ABOUT))) + '\n')
        framework.observe(self.on.config_changed, self._configure)
        framework.observe(self.on.db_relation_created, self._share)
        framework.observe(self.on.secret_changed, self._configure)
        framework.observe(self.on.secret_expired, self._remove)
        framework.observe(self.on.secret_remove, self._remove)
        framework.observe(self.on.secret_rotate, self._rotate)
        framework.observe(self.on.change_action, self._change)

    def _configure(self, event: ops.EventBase) -> None:
        token = str(self.config.get('token') or '')
        if not token:
            self.unit.status = ops.ActiveStatus('no token')
            return
        try:
            word = self.model.get_secret(id=token).get_content(refresh=True)['word']
        except ops.ModelError as error:
            self.unit.status = ops.BlockedStatus(str(error).strip())
            return
        self.unit.status = ops.ActiveStatus(f'token {word}')

    def _share(self, event: ops.RelationCreatedEvent) -> None:
        if not self.unit.is_leader():
            return
        secret = self.app.add_secret({'password': 'first'}, label='door', description='to get in')
        assert secret.id
        assert self.model.get_secret(label='door').get_content() == {'password': 'first'}
        secret.grant(event.relation)
        event.relation.data[self.app]['secret'] = secret.id

    def _change(self, event: ops.ActionEvent) -> None:
        secret = self.model.get_secret(label='door')
        secret.set_content({'password': event.params['password']})
        assert secret.peek_content() == {'password': event.params['password']}
        assert secret.get_content(refresh=True) == {'password': event.params['password']}
        info = secret.get_info()
        event.set_results({'revision': info.revision, 'label': info.label, 'description': info.description})

    def _rotate(self, event: ops.SecretRotateEvent) -> None:
        event.secret.set_content({'password': 'rotated'})

    def _remove(self, event: ops.SecretExpiredEvent | ops.SecretRemoveEvent) -> None:
        event.remove_revision()


if __name__ == '__main__':
    ops.main(Keeper)
