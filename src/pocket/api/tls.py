"""The controller's certificates: a CA that clients are given, and a leaf that the server shows."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from bedrock import files

__all__ = ['SERVER_NAME', 'Certificates', 'issue', 'load_or_create']

SERVER_NAME = 'juju-apiserver'
"""The name that Juju's client checks for, whatever host it connected to."""

_NAMES = ('localhost', SERVER_NAME, 'juju-mongodb', 'anything')
_ADDRESSES = ('127.0.0.1',)
_LIFETIME = datetime.timedelta(days=3650)
# A clock that is a little behind ours must not refuse a certificate that was just made.
_LEEWAY = datetime.timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """Where the certificates are, and the one that clients need."""

    ca_cert_pem: str
    chain: Path
    """The leaf and the CA after it."""
    key: Path
    """The leaf's private key."""

    def server_context(self) -> ssl.SSLContext:
        """The TLS settings of a server that shows the leaf."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self.chain, self.key)
        return context


def load_or_create(folder: Path, *, now: datetime.datetime) -> Certificates:
    """Return the certificates in *folder*, made now unless they are there."""
    ca, chain, key = folder / 'ca.pem', folder / 'server.pem', folder / 'server.key'
    # The CA's certificate is written last: an interrupted start leaves no half set that looks whole.
    if not all(path.is_file() for path in (ca, chain, key)):
        _create(folder, ca=ca, chain=chain, key=key, now=now)
    return Certificates(ca_cert_pem=ca.read_text(), chain=chain, key=key)


def issue(
    folder: Path, *, into: Path, names: Sequence[str], addresses: Sequence[str], now: datetime.datetime
) -> Certificates:
    """Make another leaf of the CA in *folder*, for these names and addresses, and keep it in *into*."""
    ca_pem = (folder / 'ca.pem').read_text()
    ca_cert = x509.load_pem_x509_certificate(ca_pem.encode())
    ca_key = serialization.load_pem_private_key((folder / 'ca.key').read_bytes(), password=None)
    assert isinstance(ca_key, ec.EllipticCurvePrivateKey)
    leaf_key = ec.generate_private_key(ec.SECP256R1())
    leaf = _leaf(leaf_key, ca_cert, ca_key, now, names=names, addresses=addresses)
    found = Certificates(ca_cert_pem=ca_pem, chain=into / 'server.pem', key=into / 'server.key')
    files.write_private(found.key, _key_pem(leaf_key))
    files.write_private(found.chain, _pem(leaf) + ca_pem)
    return found


def _create(folder: Path, *, ca: Path, chain: Path, key: Path, now: datetime.datetime) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    ca_key = ec.generate_private_key(ec.SECP256R1())
    ca_cert = _ca(ca_key, now)
    leaf_key = ec.generate_private_key(ec.SECP256R1())
    leaf = _leaf(leaf_key, ca_cert, ca_key, now)
    files.write_private(folder / 'ca.key', _key_pem(ca_key))
    files.write_private(key, _key_pem(leaf_key))
    files.write_private(chain, _pem(leaf) + _pem(ca_cert))
    files.write_private(ca, _pem(ca_cert))


def _ca(key: ec.EllipticCurvePrivateKey, now: datetime.datetime) -> x509.Certificate:
    name = _name('pocket CA')
    usage = _usage(key_cert_sign=True, crl_sign=True)
    return (
        _builder(name, name, key.public_key(), now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _leaf(
    key: ec.EllipticCurvePrivateKey,
    ca_cert: x509.Certificate,
    ca_key: ec.EllipticCurvePrivateKey,
    now: datetime.datetime,
    *,
    names: Sequence[str] = _NAMES,
    addresses: Sequence[str] = _ADDRESSES,
) -> x509.Certificate:
    subjects = [
        *(x509.DNSName(name) for name in names),
        *(x509.IPAddress(ipaddress.ip_address(address)) for address in addresses),
    ]
    return (
        _builder(
            _name(names[0] if names is not _NAMES else SERVER_NAME), ca_cert.subject, key.public_key(), now
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(subjects), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False
        )
        .sign(ca_key, hashes.SHA256())
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime.datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _LEEWAY)
        .not_valid_after(now + _LIFETIME)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, 'pocket'),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _usage(
    *, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
