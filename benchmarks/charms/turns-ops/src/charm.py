#!/usr/bin/env python3
"""Gives itself hooks: a leader that writes its peer relation's application data hears of it."""

import time
from pathlib import Path

import ops

LOG = Path('/var/lib/turns')


class Turns(ops.CharmBase):
    def __init__(self, framework: ops.Framework):
        super().__init__(framework)
        framework.observe(self.on.start, self._start)
        framework.observe(self.on.config_changed, self._begin)
        framework.observe(self.on['turns'].relation_changed, self._turn)

    def _start(self, _: ops.StartEvent) -> None:
        self.unit.status = ops.ActiveStatus()

    def _begin(self, _: ops.ConfigChangedEvent) -> None:
        LOG.write_text('')
        relation = self.model.get_relation('turns')
        if relation is not None and int(self.config['turns']) > 0:
            relation.data[self.app].update({'turn': '1', 'round': str(time.time_ns())})

    def _turn(self, event: ops.RelationChangedEvent) -> None:
        with LOG.open('a') as log:
            log.write(f'{time.time()}\n')
        data = event.relation.data[self.app]
        turn = int(data['turn'])
        if turn < int(self.config['turns']):
            data['turn'] = str(turn + 1)


if __name__ == '__main__':
    ops.main(Turns)
