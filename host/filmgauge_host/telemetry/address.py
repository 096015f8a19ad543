"""Where the broker is: `mqtt://[user[:password]@]host[:port]` or `mqtts://...`.

address = parse_address("mqtt://gauge@broker.example:1884")
print(address)  # mqtt://gauge@broker.example:1884, never the password
"""

import os
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from filmgauge_host.errors import InputError
from filmgauge_host.telemetry.tls_files import TlsFiles
from filmgauge_sim.file_text import is_utf8
from filmgauge_sim.nodes.network_names import check_host_name

PASSWORD_VARIABLE = "FILMGAUGE_MQTT_PASSWORD"
_PORTS = {"mqtt": 1883, "mqtts": 8883}
_FORM = "mqtt://[user[:password]@]host[:port]"


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """One broker; `str()` leaves the password out. files: with tls, who is trusted."""

    host: str
    port: int
    tls: bool = False
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    files: TlsFiles = field(default_factory=TlsFiles)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        user = f"{self.user}@" if self.user else ""
        return f"{'mqtts' if self.tls else 'mqtt'}://{user}{host}:{self.port}"


def parse_address(url: str) -> BrokerAddress:
    """Return the address in `url`; raise InputError (a ValueError) naming what is wrong.

    Without a password in the URL the one in FILMGAUGE_MQTT_PASSWORD is taken, and files for TLS
    from the environment too. No sentence repeats the URL, because it may hold a password.
    """
    try:
        parts = urlsplit(url.strip())
        host = parts.hostname
    except ValueError:
        raise InputError(f"broker address must look like {_FORM}") from None
    if parts.scheme not in _PORTS:
        raise InputError(f"broker address must start with mqtt:// or mqtts:// as in {_FORM}")
    if not host:
        raise InputError(f"broker address has no host: it must look like {_FORM}")
    try:
        check_host_name(host)
    except ValueError as error:
        raise InputError(f"the host of the broker address {error}") from None
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise InputError(f"broker address must end after the port, as in {_FORM}")
    user = unquote(parts.username) if parts.username else None
    password = unquote(parts.password) if parts.password else os.environ.get(PASSWORD_VARIABLE)
    for name, text in (("user", user), ("password", password)):
        if not is_utf8(text or ""):
            raise InputError(f"the {name} of the broker address must be text in UTF-8")
    if parts.password and not user:
        raise InputError(f"broker address has a password but no user: {_FORM}")
    return BrokerAddress(
        host=host,
        port=_port(parts.netloc, _PORTS[parts.scheme]),
        tls=parts.scheme == "mqtts",
        user=user,
        password=(password or None) if user else None,
        files=TlsFiles.from_environment(),
    )


def _port(netloc: str, default: int) -> int:
    """Return the port at the end of `netloc`; an empty one is the scheme's own."""
    host_port = netloc.rpartition("@")[2].rpartition("]")[2]
    text = host_port.partition(":")[2]
    if ":" not in host_port:
        return default
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= 65535):
        raise InputError(f"broker port must be 1 to 65535, as in {_FORM}")
    return int(text)
