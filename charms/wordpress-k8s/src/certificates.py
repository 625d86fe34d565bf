"""A certificate by the ``tls-certificates`` relation: this unit's own key, a request, and what comes back."""

from __future__ import annotations

import json
import subprocess
from typing import cast

import edge
import ops
import related
import state

KEY_LABEL = 'tls-key'
_TIMEOUT_S = 10


class Issuer:
    """Asks for a certificate in the unit's name."""

    def __init__(self, charm: ops.CharmBase, others: related.Related) -> None:
        self._charm = charm
        self._others = others

    def certificate(self, hosts: tuple[str, ...]) -> state.Certificate | None:
        """Return the certificate for *hosts*, asking for one when there is none yet."""
        for relation in self._others.relations(edge.CERTIFICATES):
            kept = self._kept()
            if kept.get('hosts') != ' '.join(hosts):
                kept = self._make(hosts)
            wanted = [{'certificate_signing_request': kept['request'], 'ca': False}]
            self._others.publish(relation, {'certificate_signing_requests': json.dumps(wanted)})
            chain = issued(self._others.app_bag(relation).get('certificates', ''), request=kept['request'])
            if chain:
                return state.Certificate(chain=chain, key=kept['key'])
        return None

    def _kept(self) -> related.Bag:
        try:
            return self._charm.model.get_secret(label=KEY_LABEL).peek_content()
        except ops.SecretNotFoundError:
            return {}

    def _make(self, hosts: tuple[str, ...]) -> related.Bag:
        key, request = make_request(hosts)
        content = {'key': key, 'request': request, 'hosts': ' '.join(hosts)}
        try:
            self._charm.model.get_secret(label=KEY_LABEL).set_content(content)
        except ops.SecretNotFoundError:
            self._charm.unit.add_secret(content, label=KEY_LABEL)
        return content


def make_request(hosts: tuple[str, ...]) -> tuple[str, str]:
    """Return a new key and a signing request for *hosts*; the key is in no argument and no file."""
    key = _openssl(['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'])
    names = ','.join(f'DNS:{host}' for host in hosts)
    # A subject's common name may not be longer than 64 characters; the alternative names count.
    subject = f'/CN={hosts[0][:64]}'
    request = _openssl(
        ['req', '-new', '-key', '/dev/stdin', '-subj', subject, '-addext', f'subjectAltName={names}'], key
    )
    return key, request.strip()


def issued(certificates: str, *, request: str) -> str:
    """Return the chain that answers *request*, the certificate first; empty when there is none."""
    for entry in related.json_list(certificates):
        if not isinstance(entry, dict):
            continue
        fields = cast('dict[str, object]', entry)
        same = str(fields.get('certificate_signing_request', '')).strip() == request.strip()
        if not same or fields.get('revoked') or not fields.get('certificate'):
            continue
        certificate = str(fields['certificate']).strip()
        chain = fields.get('chain')
        more = [str(part).strip() for part in cast('list[object]', chain)] if isinstance(chain, list) else []
        return '\n'.join((certificate, *(part for part in more if part != certificate), ''))
    return ''


def _openssl(arguments: list[str], key: str = '') -> str:
    done = subprocess.run(
        ['openssl', *arguments], input=key, capture_output=True, text=True, check=True, timeout=_TIMEOUT_S
    )
    return done.stdout
