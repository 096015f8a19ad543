"""Tries wires, sensors and switches of a node and emits what was seen; the host judges."""

from filmgauge.board import this_board
from filmgauge.diagnosis.output import attempt, emit, read_config
from filmgauge.diagnosis.sensor_probe import SensorProbe

_TI = 0x5449
_INA228 = 0x228
_TMP117 = 0x117


def selftest() -> None:
    """Emit one thing a line; what could not be tried is left out."""
    config, wrong = attempt(read_config)
    names = (
        "shunt_mohm",
        "ina228_address",
        "tmp117_address",
        "pin_scl",
        "pin_sda",
        "pin_gate",
        "pin_disconnect",
    )
    if config is None:
        emit({"configuration": None, "configuration_wrong": wrong})
        return
    emit({"configuration": {name: getattr(config, name) for name in names}})
    probe = SensorProbe(this_board(), config)
    try:
        emit({"scl": probe.levels(config.pin_scl), "sda": probe.levels(config.pin_sda)})
        parts, wrong = attempt(probe.scan)
        emit({"parts": parts or [], "parts_wrong": wrong})
        _try_thermometer(probe, config, parts or [])
        _try_current(probe, config, parts or [])
    finally:
        probe.off()


def _try_thermometer(probe, config, parts):
    address = _address(parts, config.tmp117_address, _is_thermometer)
    if address is not None:
        cdeg, wrong = attempt(probe.temperature_cdeg, address)
        emit({"temperature_cdeg": cdeg, "temperature_wrong": wrong})


def _try_current(probe, config, parts):
    address = _address(parts, config.ina228_address, _is_current)
    if address is None:
        return
    _, wrong = attempt(probe.use, address)
    if wrong is not None:
        emit({"current_wrong": wrong})
        return
    emit({"running": probe.running})
    emit({"gate_open_uv": probe.bus_uv(0), "gate_closed_uv": probe.bus_uv(1)})
    emit({"current_pa": probe.current_pa()})
    if config.pin_disconnect >= 0:
        emit({"disconnected_pa": probe.current_pa(True)})


def _address(parts, configured, fits):
    """Return where a part is: as configured if it is there, otherwise the first that fits."""
    found = [address for address, words in parts if fits(words)]
    if configured in found:
        return configured
    return found[0] if found else None


def _is_current(words):
    return words[0] == _TI and words[1] >> 4 == _INA228


def _is_thermometer(words):
    return words[2] & 0xFFF == _TMP117 and words[0] != _TI
