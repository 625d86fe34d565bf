"""Certificates."""

from __future__ import annotations

import datetime
import ssl
from pathlib import Path

import pytest
from cryptography import x509

from pocket.api import tls

NOW = datetime.datetime(2026, 5, 1, tzinfo=datetime.UTC)


def test_the_leaf_carries_the_names_that_juju_clients_check(tmp_path: Path) -> None:
    made = tls.load_or_create(tmp_path / 'tls', now=NOW)

    leaf, ca = x509.load_pem_x509_certificates(made.chain.read_bytes())
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    dns = names.get_values_for_type(x509.DNSName)
    assert set(dns) == {'localhost', 'juju-apiserver', 'juju-mongodb', 'anything'}
    assert [str(ip) for ip in names.get_values_for_type(x509.IPAddress)] == ['127.0.0.1']
    leaf.verify_directly_issued_by(ca)
    assert ca == x509.load_pem_x509_certificate(made.ca_cert_pem.encode())
    assert leaf.not_valid_before_utc < NOW < leaf.not_valid_after_utc


def test_certificates_are_made_once(tmp_path: Path) -> None:
    first = tls.load_or_create(tmp_path, now=NOW)
    chain = first.chain.read_text()

    second = tls.load_or_create(tmp_path, now=NOW + datetime.timedelta(days=30))

    assert (second.ca_cert_pem, second.chain.read_text()) == (first.ca_cert_pem, chain)


@pytest.mark.parametrize('lost', ['ca.pem', 'server.pem', 'server.key'])
def test_a_half_written_set_is_made_anew_and_whole(tmp_path: Path, lost: str) -> None:
    tls.load_or_create(tmp_path, now=NOW)
    (tmp_path / lost).unlink()

    made = tls.load_or_create(tmp_path, now=NOW)

    assert isinstance(made.server_context(), ssl.SSLContext)
    leaf, ca = x509.load_pem_x509_certificates(made.chain.read_bytes())
    leaf.verify_directly_issued_by(ca)
    assert ca == x509.load_pem_x509_certificate(made.ca_cert_pem.encode())


def test_keys_can_be_read_by_their_owner_only(tmp_path: Path) -> None:
    tls.load_or_create(tmp_path, now=NOW)

    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
