#!/usr/bin/env python3
"""Keeps a service running in its container and remembers what it was told."""

import os
import pathlib

import ops

LOG = next(pathlib.Path('/var/lib/juju/storage/data').iterdir()) / 'events'

SERVICE = """\
while :; do echo "$GREETING" >/srv/data/said; sleep 1; done
"""


class Sidecar(ops.CharmBase):
    def __init__(self, framework: ops.Framework) -> None:
        super().__init__(framework)
        self._note()
        framework.observe(self.on.web_pebble_ready, self._replan)
        framework.observe(self.on.config_changed, self._replan)
        framework.observe(self.on.web_pebble_custom_notice, self._noticed)
        framework.observe(self.on.web_pebble_check_failed, self._failed)
        framework.observe(self.on.web_pebble_check_recovered, self._recovered)
        framework.observe(self.on.events_action, self._events)

    def _note(self) -> None:
        name = os.environ.get('JUJU_DISPATCH_PATH', '').rpartition('/')[2]
        about = os.environ.get('JUJU_NOTICE_KEY') or os.environ.get('JUJU_PEBBLE_CHECK_NAME', '')
        with LOG.open('a') as log:
            log.write(f'{name} {about}'.strip() + '\n')

    def _replan(self, event: ops.EventBase) -> None:
        container = self.unit.get_container('web')
        if not container.can_connect():
            self.unit.status = ops.WaitingStatus('no pebble')
            return
        service = {
            'override': 'replace',
            'summary': 'says something',
            'command': f"/bin/sh -c '{SERVICE.strip()}'",
            'startup': 'enabled',
            'environment': {'GREETING': str(self.config['greeting'])},
        }
        check = {
            'override': 'replace',
            'period': '200ms',
            'threshold': 1,
            'exec': {'command': 'test ! -e /srv/data/broken'},
        }
        container.add_layer('web', {'services': {'web': service}, 'checks': {'whole': check}}, combine=True)
        container.replan()
        self.unit.status = ops.ActiveStatus(str(self.config['greeting']))

    def _noticed(self, event: ops.PebbleCustomNoticeEvent) -> None:
        self.unit.status = ops.ActiveStatus(f'noticed {event.notice.key}')

    def _failed(self, event: ops.PebbleCheckFailedEvent) -> None:
        self.unit.status = ops.BlockedStatus(f'{event.info.name} failed')

    def _recovered(self, event: ops.PebbleCheckRecoveredEvent) -> None:
        self.unit.status = ops.ActiveStatus(f'{event.info.name} recovered')

    def _events(self, event: ops.ActionEvent) -> None:
        event.set_results({'events': LOG.read_text()})


ops.main(Sidecar)
