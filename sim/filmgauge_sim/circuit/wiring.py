"""How the sensors and switches of a node are connected: as docs/hardware.md draws it, or not."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Contact = Literal["works", "open", "closed"]


def _address(high: int, part: str, low: int) -> Meta:
    text = f"address that the {part} has, from {low}; 0: none is there; left out: as described"
    return Meta(ge=0, le=high, description=text)


class WiringSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Mistakes in the wiring; by default there are none."""

    swapped_leads: Annotated[
        bool, Meta(description="whether the two leads of the shunt are swapped")
    ] = False
    pull_ups: Annotated[
        bool, Meta(description="whether the bus has its pull-ups; without them nothing answers")
    ] = True
    ina228_address: Annotated[int, _address(0x4F, "INA228", 64)] | None = None
    tmp117_address: Annotated[int, _address(0x4B, "TMP117", 72)] | None = None
    temperature_error_c: Annotated[
        float,
        Meta(ge=-200, le=200, description="by which the TMP117 is warmer than the cell, degC"),
    ] = 0.0
    load_ohm: (
        Annotated[
            float,
            Meta(
                ge=1000,
                le=1e9,
                description="with supply usb: resistor from the load's side to ground, such as R2"
                " with J1 closed; left out: none",
            ),
        ]
        | None
    ) = None
    gate: Annotated[
        Contact, Meta(description="the switch of the voltage input: works, or always as it says")
    ] = "works"
    disconnect: Annotated[
        Contact, Meta(description="the disconnect switch: works, or always as it says")
    ] = "works"

    def stuck(self, gate_pin: int, disconnect_pin: int) -> dict[int, int]:
        """Return pin -> level that the circuit sees whatever the board does."""
        levels: dict[int, int] = {}
        if self.gate != "works":
            levels[gate_pin] = int(self.gate == "closed")
        if self.disconnect != "works":
            levels[disconnect_pin] = int(self.disconnect == "open")  # high opens it
        return levels


AS_DRAWN = WiringSection()
