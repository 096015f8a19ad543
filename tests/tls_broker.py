"""A mosquitto as docs/mosquitto-tls.conf and docs/mosquitto-tls.acl have it."""

import getpass
import subprocess
from pathlib import Path

from certificates import Pair
from mqtt_brokers import free_port, listens
from patience import until

from filmgauge_host.provision.broker_files import with_password
from filmgauge_host.telemetry.address import BrokerAddress
from filmgauge_host.telemetry.tls_files import TlsFiles

DOCS = Path(__file__).parent.parent / "docs"
_ETC = "/etc/mosquitto"
_OFFERED = ("cafile", "require_certificate", "use_identity_as_username")


class TlsBroker:
    """own: its certificate. clients_of: the issuer whose certificates it asks for, None where it
    asks for passwords, which are `users`."""

    def __init__(
        self,
        folder: Path,
        own: Pair,
        users: dict[str, str] | None = None,
        clients_of: Pair | None = None,
    ) -> None:
        self.port = free_port()
        self._own, self._folder = own, folder
        lines = (DOCS / "mosquitto-tls.conf").read_text()
        assert "listener 8883\n" in lines
        if clients_of is not None:
            for key in _OFFERED:
                assert f"# {key} " in lines
                lines = lines.replace(f"# {key} ", f"{key} ")
        lines = lines.replace("listener 8883\n", f"listener {self.port} 127.0.0.1\n")
        lines = lines.replace("/var/lib/mosquitto/", f"{folder}/").replace(_ETC, str(folder))
        certs = folder / "certs"
        certs.mkdir(parents=True)
        (certs / "broker.pem").write_bytes(own.certificate.read_bytes())
        (certs / "broker.key").write_bytes(own.key.read_bytes())
        if clients_of is not None:
            (certs / "ca.pem").write_bytes(clients_of.certificate.read_bytes())
        passwords = ""
        for user, password in (users or {}).items():
            passwords = with_password(passwords, user, password)
        (folder / "passwords").write_text(passwords)
        (folder / "acl").write_text((DOCS / "mosquitto-tls.acl").read_text())
        self._file = folder / "mosquitto.conf"
        self._file.write_text(f"{lines}\nuser {getpass.getuser()}\n")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = ["/usr/sbin/mosquitto", "-c", str(self._file)]
        self._process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        until(lambda: listens(self.port))

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()

    close = stop

    def address(self, files: TlsFiles, user: str | None = None, password: str | None = None):
        """Return the address of a login."""
        return BrokerAddress("localhost", self.port, True, user, password, files)
