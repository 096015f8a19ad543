"""First light of a board: all checks in their order, and the report to send back."""

import json
import platform
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import filmgauge
from filmgauge_host.atomic_file import Content, write_all
from filmgauge_host.first_light.check import Bench, Check, Result
from filmgauge_host.first_light.interpreter import FlashCheck, HeapCheck, InterpreterCheck
from filmgauge_host.first_light.power_cut import PowerCutCheck
from filmgauge_host.first_light.radio import BluetoothCheck, RadioWakeCheck, WifiCheck
from filmgauge_host.first_light.sleep import ClockCheck, SleepCurrentCheck, WatchdogCheck
from filmgauge_host.first_light.wiring import OutputCheck, PullUpCheck, SensorCheck
from filmgauge_host.serial.board_link import LinkError

CHECKS: dict[str, Check] = {
    check.name: check
    for check in (
        InterpreterCheck(),
        HeapCheck(),
        FlashCheck(),
        SleepCurrentCheck(),
        OutputCheck("gate"),
        OutputCheck("sensors"),
        OutputCheck("disconnect"),
        OutputCheck("charge"),
        PullUpCheck("scl"),
        PullUpCheck("sda"),
        SensorCheck("INA228"),
        SensorCheck("TMP117"),
        ClockCheck(),
        WatchdogCheck(),
        WifiCheck(),
        BluetoothCheck(),
        RadioWakeCheck(),
        PowerCutCheck(),
    )
}


def run_checks(
    bench: Bench, names: Iterable[str], on_result: Callable[[Result], None]
) -> list[Result]:
    """Run checks in their order on a board at its prompt; `on_result` gets each at once.

    One at which the board stops answering differs; what cannot be tried any more is not done.
    """
    wanted = set(names)
    results: list[Result] = []
    lost = ""
    for check in CHECKS.values():
        if check.name not in wanted:
            continue
        result = Result(check.name, "not done", lost) if lost else _tried(check, bench)
        if result.verdict == "differs" and not lost:
            lost = _lost(bench)
        results.append(result)
        on_result(result)
    return results


def write_report(path: Path, bench: Bench, results: list[Result]) -> None:
    """Write what was seen as JSON, whole or not at all. Raises FilmgaugeError naming the file."""
    text = json.dumps(report(bench, results), indent=1) + "\n"
    write_all({path: Content(text.encode())})


def report(bench: Bench, results: list[Result]) -> dict[str, Any]:
    """Return a report as JSON has it; nothing secret is in it."""
    return {
        "filmgauge": filmgauge.VERSION,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "host": platform.system(),
        "board": bench.expected.kind.name,
        "differs": [result.check for result in results if result.verdict == "differs"],
        "not_done": [result.check for result in results if result.verdict == "not done"],
        "checks": [asdict(result) for result in results],
    }


def _tried(check: Check, bench: Bench) -> Result:
    try:
        bench.link.soft_reset()
        return check.run(bench)
    except LinkError as error:
        meaning = "press reset and try it again with --only; if it stays so, send the report"
        return Result(check.name, "differs", str(error), "an answer", meaning)


def _lost(bench: Bench) -> str:
    """Come back to a board after a check that went wrong; return why that cannot be."""
    try:
        bench.link.enter()
        bench.link.guard()
    except LinkError as error:
        return str(error)
    return ""
