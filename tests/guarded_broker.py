"""A mosquitto with passwords and the ACL file of the documentation, or one with a mistake."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import paho.mqtt.client as mqtt
from mqtt_brokers import Mosquitto
from paho.mqtt.enums import CallbackAPIVersion

from filmgauge_host.provision.broker_files import with_password
from filmgauge_host.telemetry.address import BrokerAddress, parse_address

ACL = Path(__file__).parent.parent / "docs" / "mosquitto.acl"
PASSWORDS = {"host": "hosts-secret", "shelf-1": "shelfs-secret"}
EVERYTHING = ("telemetry", "log", "status", "info")


class GuardedBroker(Mosquitto):
    """Started with an ACL; `allow` appends lines and has them read."""

    def __init__(self, folder: Path, acl: str, more: str = "", anonymous: bool = False) -> None:
        folder.mkdir()
        self.passwords, self.acl = folder / "passwords", folder / "acl"
        text = ""
        for user, password in PASSWORDS.items():
            text = with_password(text, user, password)
        self.passwords.write_text(text)
        self.acl.write_text(acl)
        extra = f"password_file {self.passwords}\nacl_file {self.acl}\n{more}"
        super().__init__(folder, extra, anonymous)

    def address(self, user: str | None, password: str | None = None) -> BrokerAddress:
        """Return the address with a login; its password unless another is given."""
        plain = parse_address(self.url)
        password = password or PASSWORDS.get(user or "")
        return BrokerAddress(plain.host, plain.port, user=user, password=password)

    def login(self, user: str, password: str | None = None) -> str:
        return self.url.replace("//", f"//{user}:{password or PASSWORDS[user]}@")

    def allow(self, *lines: str) -> None:
        """Append lines to the ACL file, and have them read."""
        with self.acl.open("a") as file:
            file.write("\n".join([*lines, ""]))
        self.reload()

    def reload(self) -> None:
        """Have mosquitto read its files, soon."""
        assert self._process is not None
        self._process.send_signal(signal.SIGHUP)


@contextmanager
def guarded(
    folder: Path, acl: str, more: str = "", anonymous: bool = False
) -> Iterator[GuardedBroker]:
    broker = GuardedBroker(folder, acl, more, anonymous)
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()


def without(*lines: str) -> str:
    """Return the ACL file of the documentation without these lines."""
    text = ACL.read_text()
    for line in lines:
        assert text.count(line + "\n") == 1
        text = text.replace(line + "\n", "")
    return text


def retained(address: BrokerAddress) -> dict[str, bytes]:
    """Return what the broker has retained, topic -> payload, as a login sees it."""
    found: dict[str, bytes] = {}
    answered: list[object] = []
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.username_pw_set(str(address.user), address.password)
    client.on_message = lambda _c, _d, message: found.update({message.topic: message.payload})
    client.on_unsubscribe = lambda *arguments: answered.append(arguments)
    client.on_subscribe = lambda *_arguments: client.unsubscribe("#")  # answered after them
    client.on_connect = lambda *_arguments: client.subscribe("#")
    client.connect(address.host, address.port)
    while not answered:
        client.loop(1.0)
    client.disconnect()
    return found
