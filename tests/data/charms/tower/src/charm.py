#!/usr/bin/env python3
"""Signs what is requested of it with an authority of its own, and tells where log lines and traces go."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import ops

CA = Path('/var/lib/tower')


class Tower(ops.CharmBase):
    def __init__(self, framework: ops.Framework) -> None:
        super().__init__(framework)
        events = [self.on.start, self.on.config_changed]
        for name in ('certificates', 'logging', 'tracing', 'authority'):
            events += [self.on[name].relation_joined, self.on[name].relation_changed]
        for event in events:
            framework.observe(event, self._tell)

    def _tell(self, _: ops.EventBase) -> None:
        if not CA.is_dir():
            CA.mkdir(mode=0o700)
            new = ('-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '3650')
            _openssl('req', *new, '-subj', '/CN=tower', '-keyout', f'{CA}/key', '-out', f'{CA}/pem')
        for relation in self.model.relations['certificates']:
            asked = [
                entry['certificate_signing_request']
                for unit in sorted(relation.units, key=lambda unit: unit.name)
                for entry in json.loads(relation.data[unit].get('certificate_signing_requests', '[]'))
            ]
            known = json.loads(relation.data[self.app].get('certificates', '[]'))
            signed = {entry['certificate_signing_request']: entry for entry in known}
            told = [signed.get(request) or _sign(request) for request in asked]
            if told != known:
                relation.data[self.app]['certificates'] = json.dumps(told)
        for relation in self.model.relations['logging']:
            relation.data[self.unit]['endpoint'] = json.dumps({'url': str(self.config['loki'])})
        # As Tempo's charms write it: tracing v2 and certificate_transfer v1 of canonical/charm-relation-interfaces.
        receiver = {'protocol': {'name': 'otlp_http', 'type': 'http'}, 'url': str(self.config['tempo'])}
        for relation in self.model.relations['tracing']:
            asked = json.loads(relation.data[relation.app].get('receivers', '[]'))
            told = [receiver] if 'otlp_http' in asked else []
            relation.data[self.app]['receivers'] = json.dumps(told)
        for relation in self.model.relations['authority']:
            relation.data[self.app]['certificates'] = json.dumps([(CA / 'pem').read_text()])
        self.unit.status = ops.ActiveStatus()


def _sign(request: str) -> dict[str, object]:
    words = ('-req', '-CA', f'{CA}/pem', '-CAkey', f'{CA}/key', '-days', '90', '-copy_extensions', 'copyall')
    certificate, ca = _openssl('x509', *words, given=request), (CA / 'pem').read_text().strip()
    return {
        'certificate_signing_request': request,
        'certificate': certificate,
        'ca': ca,
        'chain': [certificate, ca],
    }


def _openssl(*words: str, given: str = '') -> str:
    done = subprocess.run(
        ['openssl', *words], input=given, capture_output=True, text=True, check=True, timeout=20
    )
    return done.stdout.strip()


if __name__ == '__main__':
    ops.main(Tower)
