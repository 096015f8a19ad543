"""The questions of `filmgauge provision`.

Each answer is checked at once, as the whole file is. What an answer that is still to come may mend
waits for the end of a group of questions, where that answer is asked for. Questions go to standard
error, so that what is printed stays one JSON object with --json.
"""

import re
from collections.abc import Callable, Mapping
from operator import attrgetter
from pathlib import Path
from string import hexdigits
from typing import Any
from urllib.parse import urlsplit

import click
import msgspec
from msgspec.structs import replace

from filmgauge_host.cli.wiring_answers import WiringAnswers
from filmgauge_host.errors import InputError
from filmgauge_host.provision.node_file import read_node, read_node_secrets
from filmgauge_host.provision.secret_values import MQTT_PASSWORD, WIFI_PASSWORD
from filmgauge_host.telemetry.address import BrokerAddress, parse_address
from filmgauge_sim.cell.compiled import GAUGE_PHYSICS
from filmgauge_sim.cell.parameters import available_sets
from filmgauge_sim.nodes.boards import BOARDS, USUAL
from filmgauge_sim.nodes.broker_security import described_security
from filmgauge_sim.nodes.description import (
    DESCRIPTION_FILE,
    NodeDescription,
    check_description,
    description_from,
)
from filmgauge_sim.nodes.secrets import check_secrets
from filmgauge_sim.nodes.sections import CellSection
from filmgauge_sim.nodes.tables import varied
from filmgauge_sim.package_data import read_toml
from filmgauge_sim.scenario.loading import load_scenario

_PIN_DIGITS = 64
_FILM_EXAMPLE = "window"  # the scenario whose node a node on film is like, unless told otherwise
_QUESTIONS = read_toml("filmgauge_host.cli", "provision_questions.toml")
_NUMBERS = ("pins", "sensors", "bluetooth", "circuit", "intervals")  # groups
_BY_KEY = {key: text for group in _NUMBERS for key, text in _QUESTIONS[group].items()}
_KEY = re.compile(r"\b[a-z]\w*\.[a-z]\w*")  # in a sentence about one


def ask(
    out: Path, given: Mapping[str, str]
) -> tuple[NodeDescription, dict[str, str], dict[str, str]]:
    """Ask for everything about a node: its description, secrets that were asked for, and those
    that it has. What an earlier run has written is the default.

    given: secrets that need not be asked for.
    """
    name = _prompt("Name of the node", None, lambda text: description_from({"name": text}).name)
    folder = out / name
    has_file = (folder / DESCRIPTION_FILE).exists()
    before = read_node(folder, lambda _: None)[0] if has_file else None
    secrets = read_node_secrets(folder)
    board = _choice("Board", tuple(BOARDS), before.board if before else USUAL)
    usual_supply = "usb" if BOARDS[board].has_wifi else "film"
    supply = _choice("It lives from", ("usb", "film"), before.supply if before else usual_supply)
    interview = _Interview(_beginning(before, name, board, supply))
    interview.cell(before is None)
    asked = interview.network({**secrets, **given}) if BOARDS[board].has_wifi else {}
    if BOARDS[board].has_bluetooth:
        interview.bluetooth()
    interview.wiring()
    if supply == "film":
        interview.circuit()
    interview.values("intervals")
    return interview.description, asked, secrets


def ask_wifi_password(ssid: str) -> str:
    """Ask without echo; empty for an open network."""
    return _hidden(f"Password of {ssid or 'the network'} (empty: none)", WIFI_PASSWORD)


def _beginning(
    before: NodeDescription | None, name: str, board: str, supply: str
) -> NodeDescription:
    """Return a node with the defaults of all answers, which need not fit together yet: what it is
    already, and of another board or supply what does not depend on that."""
    if before is None or (board, supply) == (before.board, before.supply):
        return before or _usual(name, board, supply)
    usual = _usual(name, board, supply)
    staying = ["cell", "records", "commands", "update_key"]
    if supply == before.supply:
        circuit = ["capacitor", "converter", "harvester"]
        staying += [*circuit, "sensor", "intervals", "reduces_service"]
    if BOARDS[board].has_wifi and before.kind.has_wifi:
        staying += ["wifi", "broker"]
    if BOARDS[board].has_bluetooth and before.advertises:
        staying.append("bluetooth")
    return replace(usual, **{key: getattr(before, key) for key in staying})


def _usual(name: str, board: str, supply: str) -> NodeDescription:
    """Return what a node is where nobody says otherwise."""
    example = msgspec.to_builtins(load_scenario(_FILM_EXAMPLE).node[0].description)
    table = {"name": name, "board": board, "supply": supply}
    if supply == "film":
        of_film = ("sensor", "capacitor", "converter", "harvester", "intervals")
        table |= {key: example[key] for key in of_film}
    if BOARDS[board].has_bluetooth:
        table |= {"commands": True, "bluetooth": {**example["bluetooth"], "encrypted": True}}
    return description_from(table)


class _Interview:
    """Asks for parts of a description; `description` has the answers so far."""

    def __init__(self, usual: NodeDescription) -> None:
        self.description = usual
        self._answered: set[str] = set()

    def values(self, group: str) -> None:
        """Ask for the keys of a group of questions, but for those that had to be asked before."""
        for path, question in _QUESTIONS[group].items():
            if path not in self._answered:
                self._ask(path, question, attrgetter(path)(self.description))
        self._complete()

    def cell(self, is_new: bool) -> None:
        """Ask what cell it is, and what is known of it."""
        cell = self.description.cell
        sets = ", ".join(available_sets(GAUGE_PHYSICS))
        shown = "" if is_new else cell.set
        self._ask("cell.set", f"Cell: {sets}, or a TOML file", shown, _whole_path)
        self._ask("cell.area_cm2", "Area of the film, cm2", None if is_new else cell.area_cm2)
        self._complete()
        self._set({"cell.new": _confirm("Was it never charged?", cell.new)})
        usual = "unknown" if cell.soc is None else f"{100 * cell.soc:g}"
        _prompt("Charge now, %, or unknown", usual, self._set_charge)

    def network(self, present: Mapping[str, str]) -> dict[str, str]:
        """Ask for network and broker; return the secrets that were asked for."""
        self.values("wifi")
        broker = self.description.broker
        usual = BrokerAddress(broker.host, broker.port, broker.tls, broker.user or None)
        shown = str(usual) if broker.host else None
        address = _prompt("Broker, mqtt://user@host or mqtts://...", shown, _checked_broker)
        if not address.tls:
            self._set_broker(address, {})
        else:
            question = "File with the certificate of its issuer, or the pin of its key"
            trusted = broker.ca or broker.pin or None
            _prompt(question, trusted, lambda text: self._set_broker(address, _trust(text)))
        asked: dict[str, str] = {}
        if WIFI_PASSWORD not in present:
            asked[WIFI_PASSWORD] = ask_wifi_password(self.description.wifi.ssid)
        if MQTT_PASSWORD not in present:
            password = _hidden("Password at the broker (empty: make one)", MQTT_PASSWORD)
            asked |= {MQTT_PASSWORD: password} if password else {}
        return asked

    def bluetooth(self) -> None:
        """Ask how it reports and obeys."""
        description = self.description
        self.values("bluetooth")
        encrypted = _confirm("Encrypt what it advertises?", description.bluetooth.encrypted)
        obeys = _confirm("Does it obey signed commands?", description.commands)
        self._set({"bluetooth.encrypted": encrypted, "commands": obeys})

    def wiring(self) -> None:
        """Ask how the sensors are wired."""
        wiring = WiringAnswers(self.description)
        if not self._is_documented(wiring):
            for path, question in _QUESTIONS["pins"].items():
                self._ask_pin(wiring, path, question)
            self.values("sensors")
        elif wiring.on_usb:
            is_fitted = _confirm("Is the disconnect switch fitted?", wiring.has_switch)
            self._set(wiring.with_switch(is_fitted))
        self._complete()

    def _is_documented(self, wiring: WiringAnswers) -> bool:
        """Ask whether it is wired as the page says, and describe it so where it is."""
        usual = wiring.is_documented(self._answered)
        while _confirm("Is it wired as docs/hardware.md says?", usual):
            try:
                self._set(wiring.documented(self._answered))
            except ValueError as error:
                click.echo(f"Error: {error}", err=True)
                usual = False
            else:
                return True
        return False

    def _ask_pin(self, wiring: WiringAnswers, path: str, question: str) -> None:
        _prompt(
            question,
            wiring.pin(path),
            lambda text: self._set(wiring.with_pin(path, _number(text))),
        )

    def circuit(self) -> None:
        """Ask what feeds a node on film."""
        self.values("circuit")
        harvester = self.description.harvester
        kind = _choice("Harvester", tuple(_QUESTIONS["harvesters"]), harvester.kind)
        asked = _QUESTIONS["harvesters"][kind]
        if not asked:
            self._set({"harvester": {}})
            return
        if kind != harvester.kind:
            self._set({"harvester": {"kind": kind, asked["key"]: asked["usual"]}})
        path = f"harvester.{asked['key']}"
        self._ask(path, asked["question"], attrgetter(path)(self.description))

    def _ask(
        self, path: str, question: str, usual: Any, convert: Callable[[str], Any] | None = None
    ) -> None:
        convert = convert or (str if isinstance(usual, str) else _number)
        default = None if usual == "" else usual
        _prompt(question, default, lambda text: self._set({path: convert(text)}))

    def _set(self, values: Mapping[str, object]) -> None:
        """Take values; ValueError, one sentence, where no answer that is to come mends them."""
        described = varied(self.description, values)
        answered = self._answered | values.keys()
        try:
            check_description(described)
        except ValueError as error:
            if not _open_keys(error, answered):
                raise
        self.description, self._answered = described, answered

    def _complete(self) -> None:
        """Ask for what the answers need another value of. Raises InputError for what none asks."""
        while True:
            try:
                return check_description(self.description)
            except ValueError as error:
                keys = _open_keys(error, self._answered)
                if not keys:
                    raise InputError(str(error)) from None
                click.echo(f"Error: {error}", err=True)
            self._ask(keys[0], _BY_KEY[keys[0]], None)

    def _set_charge(self, text: str) -> None:
        if text == "unknown":
            self._set({"cell.soc": None, "cell.soc_sigma": CellSection().soc_sigma})
        else:
            self._set({"cell.soc": _number(text) / 100})

    def _set_broker(self, address: BrokerAddress, trust: Mapping[str, str]) -> None:
        """Take where it is and who it is; with a certificate that cannot be, raise ValueError."""
        broker = self.description.broker
        own = {key: getattr(broker, key) if address.tls else "" for key in ("certificate", "key")}
        values = {
            "host": address.host,
            "port": address.port,
            "user": address.user or "",
            "tls": address.tls,
            **{"ca": "", "pin": "", **own, **trust},
        }
        table = msgspec.to_builtins(self.description)
        table["broker"] = {**table.get("broker", {}), **values}
        described = description_from(table, folder=Path.cwd())
        described_security(described)
        self.description = described


def _checked_broker(url: str) -> BrokerAddress:
    address = parse_address(url)
    if urlsplit(url.strip()).password:
        raise InputError("leave the password out: it is asked for without echo")
    return address


def _trust(text: str) -> dict[str, str]:
    """Return the key of the description that the answer is for, with it."""
    is_pin = len(text) == _PIN_DIGITS and set(text.lower()) <= set(hexdigits)
    return {"pin" if is_pin else "ca": text}


def _open_keys(error: ValueError, answered: set[str]) -> list[str]:
    """Return the keys in a sentence that are still to be asked for."""
    keys = _KEY.findall(str(error))
    return [key for key in keys if key in _BY_KEY and key not in answered]


def _whole_path(text: str) -> str:
    return str(Path.cwd() / text) if text.endswith(".toml") else text


def _number(text: str) -> float:
    for kind in (lambda each: int(each, 0), float):
        try:
            return kind(text)
        except ValueError:
            pass
    raise InputError(f"it must be a number, not {text!r}")


def _prompt(question: str, usual: Any, accept: Callable[[str], Any], **how: Any) -> Any:
    """Ask until the answer is accepted, saying what is wrong."""

    def checked(text: str) -> Any:
        try:
            return accept(str(text))
        except ValueError as error:
            raise click.UsageError(str(error)) from None

    return click.prompt(question, default=usual, value_proc=checked, err=True, **how)


def _hidden(question: str, name: str) -> str:
    def accept(text: str) -> str:
        check_secrets({name: text})
        return text

    return _prompt(question, "", accept, show_default=False, hide_input=True)


def _confirm(question: str, usual: bool) -> bool:
    return click.confirm(question, default=usual, err=True)


def _choice(question: str, choices: tuple[str, ...], usual: str) -> str:
    return click.prompt(
        question, type=click.Choice(choices), default=usual, show_choices=True, err=True
    )
