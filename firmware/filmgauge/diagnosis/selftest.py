"""Tries wires, sensors and switches of a node and tells what was seen; the host judges."""

from filmgauge.board import this_board
from filmgauge.diagnosis.output import attempt, emit, read_config
from filmgauge.diagnosis.sensor_probe import SensorProbe

_TI = 0x5449
_INA228 = 0x228
_TMP117 = 0x117


def selftest() -> None:
    """Tell one thing a line; what could not be tried is left out."""
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
    bench = SensorProbe(this_board(), config)
    try:
        emit({"scl": bench.levels(config.pin_scl), "sda": bench.levels(config.pin_sda)})
        parts, wrong = attempt(bench.scan)
        emit({"parts": parts or [], "parts_wrong": wrong})
        _try_thermometer(bench, config, parts or [])
        _try_current(bench, config, parts or [])
    finally:
        bench.off()


def _try_thermometer(bench, config, parts):
    address = _address(parts, config.tmp117_address, _is_thermometer)
    if address is not None:
        cdeg, wrong = attempt(bench.temperature_cdeg, address)
        emit({"temperature_cdeg": cdeg, "temperature_wrong": wrong})


def _try_current(bench, config, parts):
    address = _address(parts, config.ina228_address, _is_current)
    if address is None:
        return
    _, wrong = attempt(bench.use, address)
    if wrong is not None:
        emit({"current_wrong": wrong})
        return
    emit({"running": bench.running})
    emit({"gate_open_uv": bench.bus_uv(0), "gate_closed_uv": bench.bus_uv(1)})
    emit({"code": bench.current_code()})
    if config.pin_disconnect >= 0:
        emit({"code_disconnected": bench.current_code(True)})


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
