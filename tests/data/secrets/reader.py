#!/usr/bin/env python3
"""Reads the secret that the other side of ``db`` shares, and follows it."""

from __future__ import annotations

import os
import pathlib

import ops

ABOUT = ('JUJU_DISPATCH_PATH', 'JUJU_SECRET_LABEL', 'JUJU_SECRET_REVISION')


class Reader(ops.CharmBase):
    def __init__(self, framework: ops.Framework) -> None:
        super().__init__(framework)
        with pathlib.Path('hooks.log').open('a') as log:
            log.write(' '.join(filter(None, (os.environ.get(name) for name in ABOUT))) + '\n')
        framework.observe(self.on.db_relation_changed, self._use)
        framework.observe(self.on.secret_changed, self._follow)

    def _use(self, event: ops.RelationChangedEvent) -> None:
        secret_id = event.relation.data[event.app].get('secret') if event.app else None
        if secret_id:
            secret = self.model.get_secret(id=secret_id, label='key')
            self.unit.status = ops.ActiveStatus(secret.get_content()['password'])

    def _follow(self, event: ops.SecretChangedEvent) -> None:
        tracked = self.model.get_secret(label='key').get_content()['password']
        peeked = event.secret.peek_content()['password']
        fresh = event.secret.get_content(refresh=True)['password']
        self.unit.status = ops.ActiveStatus(f'{tracked} {peeked} {fresh}')


if __name__ == '__main__':
    ops.main(Reader)
