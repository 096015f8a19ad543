"""Scenarios: what is simulated. `loading` reads them from TOML; every key has a unit and bounds.

`docs/scenarios.md` is made from these classes by `tools/scenario_page.py`.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from filmgauge_sim.board.wifi import AccessPoint
from filmgauge_sim.nodes.configuration import VIRTUAL_SSID
from filmgauge_sim.nodes.description import NodeDescription
from filmgauge_sim.nodes.faults import FaultSection
from filmgauge_sim.nodes.surroundings import WorldSection
from filmgauge_sim.nodes.tables import Table, bounded

_DURATIONS_S = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "y": 365.25 * 86400}


class ScenarioNode(msgspec.Struct, frozen=True, kw_only=True):
    """One node: its description, inline or in a file, what surrounds it and what befalls it.

    secrets: of the file beside its description, and made up where it has none.
    """

    description: NodeDescription
    world: WorldSection = msgspec.field(default_factory=WorldSection)
    fault: list[FaultSection] = msgspec.field(default_factory=list)
    secrets: dict[str, str] = msgspec.field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its name."""
        return self.description.name


class Outage(Table, frozen=True):
    """A time without Wi-Fi."""

    begin_h: Annotated[float, bounded(0, 1e6, "since the start, h")]
    end_h: Annotated[float, bounded(0, 1e6, "since the start, h")]


class NetworkSection(Table, frozen=True):
    """The Wi-Fi around the nodes. Each finds the network that its description names."""

    association_ms: (
        Annotated[int, bounded(1, 60000, "to join, ms; left out: wifi.association_ms")] | None
    ) = None
    latency_ms: Annotated[int, bounded(1, 10000, "to the broker and back, ms")] = (
        AccessPoint.latency_us // 1000
    )
    outages: Annotated[list[Outage], Meta(description="times without Wi-Fi")] = msgspec.field(
        default_factory=list
    )

    def access_point(self, node: ScenarioNode) -> AccessPoint:
        """Return the network that a node finds."""
        association_ms = self.association_ms or node.description.wifi.association_ms
        return AccessPoint(
            ssid=node.description.wifi.ssid or VIRTUAL_SSID,
            password=node.secrets.get("wifi_password", ""),
            association_us=association_ms * 1000,
            latency_us=self.latency_ms * 1000,
            outages=tuple(
                (round(outage.begin_h * 3.6e9), round(outage.end_h * 3.6e9))
                for outage in self.outages
            ),
        )


class Scenario(Table, frozen=True):
    """What is simulated."""

    name: Annotated[str, Meta(min_length=1, max_length=64, description="name of the scenario")]
    summary: Annotated[str, Meta(description="one sentence for the screen")] = ""
    duration: Annotated[str, Meta(description="a number and s, min, h, d or y")] = "1d"
    seed: Annotated[int, bounded(0, 2**31 - 1, "draws sensor errors and noise")] = 1
    network: NetworkSection = msgspec.field(default_factory=NetworkSection)
    node: Annotated[list[ScenarioNode], Meta(description="the nodes, at least one")] = (
        msgspec.field(default_factory=list)
    )


def duration_us(text: str) -> int:
    """Return a duration such as '90 s', '30min', '12h' or '2d' in us. Raises ValueError."""
    stripped = str(text).strip()  # a notebook may give a number
    unit = stripped.lstrip("0123456789.").strip()
    amount = stripped.removesuffix(unit).strip()
    try:
        seconds = float(amount) * _DURATIONS_S[unit]
    except (KeyError, ValueError):
        raise ValueError(
            f"duration must be a number and s, min, h, d or y, such as 2d, not {text!r}"
        ) from None
    if not 1 <= seconds <= 20 * 365.25 * 86400:
        raise ValueError(f"duration must be 1 s to 20 years, not {text!r}")
    return round(seconds * 1e6)
