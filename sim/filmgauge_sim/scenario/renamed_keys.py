"""Keys of scenarios as they were called before a node had one description."""

from collections.abc import Mapping

MOVED = {
    "clock_error_ppm": "world.clock_error_ppm",
    "cycler": "world.cycler",
    "ambient": "world.ambient",
    "wiring": "world.wiring",
    "cell.stoichiometry": "cell.soc, with world.stoichiometry where the truth differs",
    "sensor.errors": "world.sensor.errors",
    "capacitor.start_v": "world.capacitor_v",
    "harvester.light": "world.light",
    "harvester.source_c": "world.source_c",
    "harvester.file": "world.trace",
    "harvester.charger_uw": "harvester.power_uw",
    "harvester.charger_h": "world.charger.hours",
    "harvester.every_h": "world.charger.every_h",
    "harvester.first_h": "world.charger.first_h",
    "firmware.sample_s": "intervals.sample_s",
    "firmware.report_every": "intervals.report_every",
    "firmware.journal_every": "intervals.journal_every",
    "firmware.look_every": "intervals.full_sample_every",
    "firmware.zero_every": "intervals.offset_every",
    "firmware.shunt_ohm": "sensor.shunt_ohm, with world.sensor.shunt_ohm where the truth differs",
    "firmware.soc_known": "cell.soc, left out where it is unknown",
    "firmware.cell_new": "cell.new",
    "firmware.backlog": "records.backlog",
    "firmware.load_ua": "records.load_ua",
    "firmware.shed": "reduces_service",
    "firmware.ble_advertise_ms": "bluetooth.advertise_ms",
    "firmware.ble_interval_ms": "bluetooth.interval_ms",
    "firmware.ble_awake_ms": "bluetooth.awake_ms",
    "firmware.ble_key": "bluetooth.encrypted, with ble_key in secrets.toml",
    "firmware.command_key": "commands, with command_key in secrets.toml",
    "firmware.own_uw": "budget.own_uw, which is computed where nobody has measured it",
    "firmware.wake_uj": "budget.wake_uj, which is computed where nobody has measured it",
    "firmware.glance_uj": "budget.glance_uj, which is computed where nobody has measured it",
    "firmware.advert_uj": "budget.advert_uj, which is computed where nobody has measured it",
    "firmware.refill_efficiency": "budget.refill_efficiency",
}


def check_renamed(where: str, node: Mapping[str, object]) -> None:
    """Raise ValueError, one sentence with the new key, for a key of a node that has moved."""
    for key, value in node.items():
        inner = [f"{key}.{name}" for name in value] if isinstance(value, Mapping) else []
        for old in (key, *inner):
            if old in MOVED:
                raise ValueError(f"{where}.{old} is now {MOVED[old]}")
