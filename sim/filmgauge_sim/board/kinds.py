"""Kinds of boards: what each draws and how long it takes to boot."""

from dataclasses import dataclass


@dataclass(frozen=True)
class BoardKind:
    """Load states of a board. Currents in uA at the supply, times in us."""

    name: str
    boot_us: int  # from power or timer to the first line of the firmware
    boot_ua: float
    active_ua: float
    light_sleep_ua: float
    deep_sleep_ua: float
    associating_ua: float  # radio on, joining
    connected_ua: float  # radio on, mean of listening and sending
    supply_v: float = 3.3  # at which it draws these currents
    brown_out_v: float = 2.8  # below this on its capacitor it is in reset

    def currents_ua(self) -> dict[str, float]:
        """Return the current of each load state."""
        return {
            "boot": self.boot_ua,
            "active": self.active_ua,
            "light sleep": self.light_sleep_ua,
            "deep sleep": self.deep_sleep_ua,
            "associating": self.associating_ua,
            "radio": self.connected_ua,
        }


_KINDS = (
    BoardKind(
        name="esp32-c3",
        # A boot costs 27 mC, as measured on such boards; 0.68 s and 40 mA are one way to it
        # (assumed split).
        boot_us=680_000,
        boot_ua=40_000.0,
        active_ua=28_000.0,  # assumed: modem off, 160 MHz
        light_sleep_ua=300.0,  # assumed: hundreds of uA
        deep_sleep_ua=6.0,  # datasheet: 5-7 uA
        # Boot, join and publish together cost 132 mC, as measured on such boards; with 0.9 s to
        # join these currents lead there (assumed split).
        associating_ua=105_000.0,
        connected_ua=90_000.0,
        supply_v=3.3,
        brown_out_v=2.8,  # assumed: highest level of its brown-out detector
    ),
)


def board_kind(name: str) -> BoardKind:
    """Return a kind by name. Raises ValueError naming the known ones."""
    for kind in _KINDS:
        if kind.name == name:
            return kind
    known = ", ".join(kind.name for kind in _KINDS)
    raise ValueError(f"board must be one of {known}, not {name!r}")
