"""Files by which a broker is known over TLS, and the host to it: the one place that uses them.

    files = TlsFiles(ca=Path("ca.pem"))
    context = files.context()       # InputError, one sentence, for a file that is wrong

The broker's certificate and host name are always verified, and TLS is 1.2 or newer.
"""

import os
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from filmgauge_host.errors import InputError

CA_VARIABLE = "FILMGAUGE_CA"
CERTIFICATE_VARIABLE = "FILMGAUGE_CERT"
KEY_VARIABLE = "FILMGAUGE_KEY"


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """ca: certificates that are trusted, PEM; None for those of the system. certificate, key: the
    host's own, PEM."""

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    @classmethod
    def from_environment(cls) -> Self:
        """Return the files that FILMGAUGE_CA, FILMGAUGE_CERT and FILMGAUGE_KEY name."""
        names = (
            os.environ.get(each) for each in (CA_VARIABLE, CERTIFICATE_VARIABLE, KEY_VARIABLE)
        )
        return cls(*(Path(name) if name else None for name in names))

    def context(self) -> ssl.SSLContext:
        """Return what TLS connections are made with. Raises InputError."""
        context = ssl.create_default_context(cafile=None if self.ca is None else _pem(self.ca))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.key is not None and self.certificate is None:
            raise InputError("--key needs --cert, the certificate that it belongs to")
        if self.certificate is not None:
            self._load_own(context, self.certificate)
        return context

    def _load_own(self, context: ssl.SSLContext, certificate: Path) -> None:
        try:
            context.load_cert_chain(certificate, self.key, lambda: "")
        except ssl.SSLError:
            raise InputError(
                f"--cert {certificate} and --key {self.key or certificate} must be a certificate"
                " and its private key, in PEM and without a password"
            ) from None
        except OSError as error:
            named = f"--cert {certificate}" + (f" or --key {self.key}" if self.key else "")
            raise InputError(f"{named} cannot be read: {error.strerror}") from None


def _pem(path: Path) -> Path:
    """Return the path of a file of certificates. Raises InputError for another file."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError:
        raise InputError(f"--ca {path} must hold certificates in PEM") from None
    except OSError as error:
        raise InputError(f"--ca {path} cannot be read: {error.strerror}") from None
    return path
