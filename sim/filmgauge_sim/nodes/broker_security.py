"""What a node needs to know a broker by, and to be known by it, over TLS.

    security = described_security(description)      # None without TLS
    security.board_files()                          # {"/ca.der": b"..."}

Files of people are PEM or DER; a board gets DER. `cryptography` is loaded only for who uses TLS.
"""

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from filmgauge_sim.nodes.description import DescriptionError, NodeDescription

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

CA_FILE, CERTIFICATE_FILE, KEY_FILE = "/ca.der", "/client.der", "/client.key"  # on a board


@dataclass(frozen=True)
class BrokerSecurity:
    """ca: the issuer's certificate or the broker's own; certificate, key: the node's; all DER,
    empty for none. pin: SHA-256 of the broker's public key, 64 hexadecimal digits."""

    ca: bytes = b""
    pin: str = ""
    certificate: bytes = b""
    key: bytes = b""

    def board_files(self) -> dict[str, bytes]:
        """Return what a board gets, path -> content."""
        files = {CA_FILE: self.ca, CERTIFICATE_FILE: self.certificate, KEY_FILE: self.key}
        return {path: content for path, content in files.items() if content}


def described_security(description: NodeDescription) -> BrokerSecurity | None:
    """Return what the files of a description hold, None without TLS. Raises DescriptionError, one
    sentence with key and file."""
    broker = description.broker
    if not broker.tls:
        return None
    names = (broker.ca, broker.certificate, broker.key)
    ca, certificate, key = (Path(name) if name else None for name in names)
    return broker_security(ca, certificate, key, broker.pin, "broker.")


def broker_security(
    ca: Path | None, certificate: Path | None, key: Path | None, pin: str = "", prefix: str = "--"
) -> BrokerSecurity:
    """Return the content of files, checked. Raises DescriptionError, whose sentence begins with
    the prefix and the name of what is wrong."""
    own = read_certificate(certificate, f"{prefix}certificate") if certificate else b""
    return BrokerSecurity(
        read_certificate(ca, f"{prefix}ca", is_trusted=True) if ca else b"",
        pin.lower(),
        own,
        _read_key(key, own, f"{prefix}key") if key else b"",
    )


def read_certificate(path: Path, where: str, is_trusted: bool = False) -> bytes:
    """Return a certificate in DER from a file in PEM or DER. is_trusted: it is to vouch for a
    broker, as an issuer or for itself. Raises DescriptionError, one sentence."""
    certificate = _certificate(_content(path, where), f"{where} {path}")
    today = datetime.datetime.now(datetime.UTC)
    if certificate.not_valid_after_utc < today:
        ended = certificate.not_valid_after_utc.date()
        raise DescriptionError(f"{where} {path} has expired on {ended}")
    if is_trusted and not _vouches(certificate):
        raise DescriptionError(
            f"{where} {path} must be the certificate of an issuer, or one that is its own: this"
            f" one is issued by {certificate.issuer.rfc4514_string()}"
        )
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.DER)


def pin_of(certificate_der: bytes) -> str:
    """Return the pin of a certificate: SHA-256 of its SubjectPublicKeyInfo, hexadecimal."""
    import hashlib

    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key = _certificate(certificate_der, "the certificate").public_key()
    info = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(info).hexdigest()


def _certificate(data: bytes, where: str) -> "Certificate":
    from cryptography import x509

    is_pem = b"-----BEGIN" in data
    try:
        if not is_pem:
            return x509.load_der_x509_certificate(data)
        found = x509.load_pem_x509_certificates(data)
    except ValueError:
        raise DescriptionError(f"{where} is no certificate in PEM or DER") from None
    if len(found) != 1:
        raise DescriptionError(f"{where} must hold one certificate, not {len(found)}")
    return found[0]


def _vouches(certificate: "Certificate") -> bool:
    from cryptography import x509

    if certificate.issuer == certificate.subject:
        return True
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError):
        return False


def _read_key(path: Path, certificate: bytes, where: str) -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        PublicFormat,
        load_der_private_key,
        load_pem_private_key,
    )

    data = _content(path, where)
    load = load_pem_private_key if b"-----BEGIN" in data else load_der_private_key
    try:
        key = load(data, None)
    except TypeError:
        raise DescriptionError(f"{where} {path} must be without a password") from None
    except ValueError:
        raise DescriptionError(f"{where} {path} is no private key in PEM or DER") from None

    def info(public: object) -> bytes:
        return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # pyright: ignore

    if info(key.public_key()) != info(x509.load_der_x509_certificate(certificate).public_key()):
        raise DescriptionError(f"{where} {path} is not the key of the certificate")
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def _content(path: Path, where: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DescriptionError(f"{where} {path} cannot be read: {error.strerror}") from None
