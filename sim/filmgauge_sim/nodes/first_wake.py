"""What a board does from a boot to the report behind it: how long it draws which current, besides
what it takes asleep. The capacitor of a node on film has to carry that in one go."""

from filmgauge.energy_budget import MEAN_DELAY_MS
from filmgauge.sensors.ina228 import ONCE_MS
from filmgauge.sensors.ina228_accumulator import CYCLE_MS
from filmgauge.sensors.tmp117 import WAIT_MS
from filmgauge_sim.board.board_kind import BoardKind
from filmgauge_sim.board.wifi import AccessPoint
from filmgauge_sim.nodes.sections import BluetoothSection, BrokerSection, WifiSection

# Naps of the firmware, in ms: switched_sampler.py and sampler.py.
SAMPLE_NAPS_MS = (2, WAIT_MS, ONCE_MS)
ALWAYS_ON_NAPS_MS = (2 * CYCLE_MS + 4,)
# What a sample takes on a virtual board besides the interpreter's work (`sample_work_us`):
# transfers at 400 kHz, each register twice, pins, requests.
_SAMPLE_US = 3_120
_ROUND_TRIPS = 4  # of a report over Wi-Fi: connect, publish, disconnect
_TLS_ROUND_TRIPS = 4  # besides: two of TLS 1.2, and two since lwIP holds small packets back

States = list[tuple[float, float]]  # us, uA


def first_wake_states(
    kind: BoardKind,
    switched: bool,
    wifi: WifiSection,
    broker: BrokerSection,
    bluetooth: BluetoothSection,
) -> States:
    """Return boot, full sample, a page of flash where one is written from RAM, and the report."""
    awake_us = sample_us(kind)
    if not kind.naps_asleep:
        awake_us += 1000 * sum(SAMPLE_NAPS_MS if switched else ALWAYS_ON_NAPS_MS)
    if kind.flash.page_in_ram:
        awake_us += kind.flash.page_us
    adverts_us = adverts_a_report(bluetooth) * kind.advertisement_us
    return [
        (kind.boot_us, kind.boot_ua),
        (awake_us, kind.active_ua),
        (adverts_us, kind.advertisement_ua),
        *report_states(kind, wifi, broker),
    ]


def sample_us(kind: BoardKind) -> int:
    """Return how long a full sample keeps the board awake, apart from its naps."""
    return kind.sample_work_us + _SAMPLE_US


def report_states(kind: BoardKind, wifi: WifiSection, broker: BrokerSection) -> States:
    """Return the states of a report over Wi-Fi; none on a board without it."""
    if not kind.has_wifi:
        return []
    latency_us = AccessPoint().latency_us
    radio_us = _ROUND_TRIPS * latency_us
    if broker.tls:
        radio_us += _TLS_ROUND_TRIPS * latency_us + kind.handshake_us
    return [(wifi.association_ms * 1000, kind.associating_ua), (radio_us, kind.connected_ua)]


def adverts_a_report(bluetooth: BluetoothSection) -> int:
    """Return how often a report is advertised."""
    if not bluetooth.advertise_ms:
        return 0
    return bluetooth.advertise_ms // (bluetooth.interval_ms + MEAN_DELAY_MS) + 1
