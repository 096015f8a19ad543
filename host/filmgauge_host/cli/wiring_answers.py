"""What answers about the wiring of a node change in its description (provision_questions.py)."""

from collections.abc import Collection, Mapping
from operator import attrgetter

from filmgauge_sim.nodes.boards import BOARDS
from filmgauge_sim.nodes.description import NodeDescription
from filmgauge_sim.nodes.sections import SensorSection

_SWITCH, _EVERY = "pins.disconnect", "intervals.offset_every"
_PINS = ("pins.scl", "pins.sda", "pins.gate")
_SENSORS: Mapping[str, object] = {
    f"sensor.{key}": getattr(SensorSection(), key)
    for key in ("shunt_ohm", "ina228_address", "tmp117_address")
}
_OFFSET_EVERY = 360  # with a disconnect switch, as in the scenario `bench`


class WiringAnswers:
    """The wiring of a node before it is asked for. Methods return keys with their new values."""

    def __init__(self, description: NodeDescription) -> None:
        self._description = description
        self._usual = BOARDS[description.board]
        self.on_usb = description.supply == "usb"
        self.has_switch = description.kind.pins.disconnect >= 0
        every = description.intervals.offset_every
        self._every = every if self.has_switch else _OFFSET_EVERY

    def pin(self, path: str) -> int:
        """Return a pin as it is wired, -1 for none."""
        return attrgetter(path)(self._description.kind)

    def is_documented(self, chosen: Collection[str]) -> bool:
        """Return whether all is as docs/hardware.md says, but for keys that were chosen."""
        paths = _PINS if self.on_usb and not self.has_switch else (*_PINS, _SWITCH)
        return all(self.pin(path) == attrgetter(path)(self._usual) for path in paths) and all(
            attrgetter(path)(self._description) == value
            for path, value in _SENSORS.items()
            if path not in chosen
        )

    def documented(self, chosen: Collection[str]) -> dict[str, object]:
        """Return what makes all so."""
        sensors = {path: value for path, value in _SENSORS.items() if path not in chosen}
        return {**dict.fromkeys(_PINS), **self.with_switch(self.has_switch), **sensors}

    def with_switch(self, is_fitted: bool) -> dict[str, object]:
        """Return the keys of a disconnect switch at the board's usual pin, or of none. On USB the
        offset of the current sensor is calibrated behind it, unless it was there without that."""
        if not self.on_usb:
            return {_SWITCH: None}
        if is_fitted and not self._every:
            return {_SWITCH: self._usual.pins.disconnect, _EVERY: 0}
        return {_SWITCH: None, _EVERY: self._every if is_fitted else 0}

    def with_pin(self, path: str, pin: float) -> dict[str, object]:
        """Return the keys of a pin that is wired so, -1 for none; as they are where it was."""
        if pin == self.pin(path):
            return {path: attrgetter(path)(self._description)}
        follows = path == _SWITCH and self.on_usb
        return {path: pin, **({_EVERY: self._every if pin >= 0 else 0} if follows else {})}
