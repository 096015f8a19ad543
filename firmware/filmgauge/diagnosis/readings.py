"""Tells what the sensors of a node read now."""

from filmgauge.board import this_board
from filmgauge.diagnosis.output import attempt, emit, read_config
from filmgauge.diagnosis.sensor_probe import SensorProbe


def readings() -> None:
    """Tell one thing a line; nothing without a configuration."""
    config, _ = attempt(read_config)
    if config is None:
        return
    bench = SensorProbe(this_board(), config)
    try:
        emit({"parts": bench.scan()})
        code = voltage_uv = None
        _, wrong = attempt(bench.use, config.ina228_address)
        if wrong is None:
            code, wrong = attempt(bench.current_code)
        if wrong is None:
            voltage_uv, wrong = attempt(bench.bus_uv, 1)
        emit({"code": code, "voltage_uv": voltage_uv, "running": bench.running})
        emit({"current_wrong": wrong})
        cdeg, wrong = attempt(bench.temperature_cdeg, config.tmp117_address)
        emit({"temperature_cdeg": cdeg, "temperature_wrong": wrong})
    finally:
        bench.off()
