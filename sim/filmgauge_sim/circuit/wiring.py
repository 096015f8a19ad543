"""How the sensors and switches of a node are connected: as docs/hardware.md draws it, or not."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from filmgauge_sim.circuit.sections import number

Contact = Literal["works", "open", "closed"]


class WiringSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Mistakes in the wiring; by default there are none."""

    swapped_leads: Annotated[
        bool, Meta(description="whether the two leads of the shunt are swapped")
    ] = False
    pull_ups: Annotated[
        bool, Meta(description="whether the bus has its pull-ups; without them nothing answers")
    ] = True
    ina228_address: Annotated[
        int, number(0, 0x4F, "address that the INA228 is strapped to, from 64; 0 for none there")
    ] = 0x40
    tmp117_address: Annotated[
        int, number(0, 0x4B, "address that the TMP117 is strapped to, from 72; 0 for none there")
    ] = 0x48
    temperature_error_c: Annotated[
        float, number(-200, 200, "by which the TMP117 is warmer than the cell, degC")
    ] = 0.0
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
