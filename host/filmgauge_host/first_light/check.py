"""What a check of a fresh board is, and what it has to work with."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from filmgauge.config import Config
from filmgauge_host.serial.board_link import BoardLink
from filmgauge_host.serial.finding import Finding, untested
from filmgauge_sim.board.board_kind import BoardKind
from filmgauge_sim.nodes.configuration import firmware_configuration
from filmgauge_sim.nodes.description import NodeDescription

_CLOCK_MS = "import time\nprint(time.time_ns() // 1000000)"


class Person(Protocol):
    """Whoever sits at the board. `is_there`: whether anybody does."""

    is_there: bool

    def say(self, text: str) -> None:
        """Let them know, or ask them to do something."""

    def ask(self, question: str) -> str:
        """Return their answer, nothing where they have none."""
        ...


@dataclass(frozen=True)
class Expected:
    """What should be there: a kind of board and what is wired to it.

    Pins as a configuration numbers them, -1 where there is none.
    """

    kind: BoardKind
    scl: int
    sda: int
    gate: int
    sensors: int
    disconnect: int
    charge: int
    ina228_address: int = 0x40
    tmp117_address: int = 0x48
    i2c_hz: int = 400_000
    wifi_ssid: str = ""
    wifi_password: str = field(default="", repr=False)


def expected_of_kind(kind: BoardKind) -> Expected:
    """Return what docs/hardware.md draws for a kind of board."""
    pins = kind.pins
    return Expected(
        kind, pins.scl, pins.sda, pins.gate, pins.sensors, pins.disconnect, pins.charge
    )


def expected_of_node(description: NodeDescription, secrets: Mapping[str, str]) -> Expected:
    """Return what a description says of a node. Raises ValueError as the firmware's own does."""
    config: Any = Config(**firmware_configuration(description, secrets))
    return Expected(
        description.kind,
        config.pin_scl,
        config.pin_sda,
        config.pin_gate,
        config.pin_sensors,
        config.pin_disconnect,
        config.pin_charge,
        config.ina228_address,
        config.tmp117_address,
        config.i2c_hz,
        config.wifi_ssid,
        config.wifi_password,
    )


@dataclass
class Bench:
    """A board at its prompt, what should be there, and who can help.

    sleep_ua: a reading of the user's meter; sleep_s: how long the board sleeps for the clock.
    """

    link: BoardLink
    expected: Expected
    person: Person
    sleep_ua: float | None = None
    sleep_s: float = 10.0
    tries_power_cut: bool = True

    def clock_ms(self) -> int:
        """Return the board's clock."""
        (now_ms,) = self.link.values(_CLOCK_MS)
        return now_ms


class Check(ABC):
    """One thing that is looked into; `name` stands in the report and in docs/first-light.md."""

    name: str

    @abstractmethod
    def run(self, bench: Bench) -> Finding:
        """Look into it. Raises LinkError where the board does not answer."""

    def _judged(
        self, is_ok: bool, seen: str, expected: str, advice: str, **figures: Any
    ) -> Finding:
        """Return a finding; advice: what a fault means, and what to do next."""
        if is_ok:
            return Finding(self.name, "ok", seen, expected, figures=figures)
        return Finding(self.name, "fault", seen, expected, advice=advice, figures=figures)

    def _untested(self, why: str) -> Finding:
        return untested(self.name, why)
