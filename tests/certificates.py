"""Certificates as an administrator makes them, and as an attacker does: P-256, any dates."""

import datetime
import ipaddress
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

DAY = datetime.timedelta(days=1)


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC).replace(microsecond=0)


class Pair(NamedTuple):
    """Files of a certificate and of its key, both PEM."""

    certificate: Path
    key: Path

    def loaded(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self.certificate.read_bytes())


def issued(
    folder: Path,
    name: str,
    issuer: Pair | None = None,
    hosts: tuple[str, ...] = (),
    begin: datetime.datetime | None = None,
    end: datetime.datetime | None = None,
    is_issuer: bool = False,
    key: Pair | None = None,
) -> Pair:
    """Make a certificate in a folder; signed by itself without an issuer. key: that of another."""
    if key is None:
        private = ec.generate_private_key(ec.SECP256R1())
    else:
        private = load_pem_private_key(key.key.read_bytes(), None)
        assert isinstance(private, ec.EllipticCurvePrivateKey)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer, signer_name = private, subject
    if issuer is not None:
        found = load_pem_private_key(issuer.key.read_bytes(), None)
        assert isinstance(found, ec.EllipticCurvePrivateKey)
        signer, signer_name = found, issuer.loaded().subject
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signer_name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin or now() - 30 * DAY)
        .not_valid_after(end or now() + 30 * DAY)
        .add_extension(x509.BasicConstraints(is_issuer, None), critical=True)
    )
    if hosts:
        names = [_general_name(host) for host in hosts]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    made = Pair(folder / f"{name}.pem", folder / f"{name}.key")
    made.certificate.write_bytes(builder.sign(signer, hashes.SHA256()).public_bytes(Encoding.PEM))
    made.key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    made.key.chmod(0o600)
    return made


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
