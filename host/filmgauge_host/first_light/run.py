"""First light of a board: all checks in their order, and the report to send back."""

import platform
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import filmgauge
from filmgauge_host.first_light.check import Bench, Check
from filmgauge_host.first_light.interpreter import FlashCheck, HeapCheck, InterpreterCheck
from filmgauge_host.first_light.power_cut import PowerCutCheck
from filmgauge_host.first_light.radio import BluetoothCheck, RadioWakeCheck, WifiCheck
from filmgauge_host.first_light.sleep import ClockCheck, SleepCurrentCheck, WatchdogCheck
from filmgauge_host.first_light.wiring import OutputCheck, PullUpCheck, SensorCheck
from filmgauge_host.serial.board_link import LinkError
from filmgauge_host.serial.finding import Finding, fault, untested

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
    bench: Bench, names: Iterable[str], on_finding: Callable[[Finding], None]
) -> list[Finding]:
    """Run checks in their order on a board at its prompt; `on_finding` gets each at once.

    One at which the board stops answering is a fault; what then cannot be tried is not tested.
    """
    wanted = set(names)
    findings: list[Finding] = []
    lost = ""
    for check in CHECKS.values():
        if check.name not in wanted:
            continue
        finding = untested(check.name, lost) if lost else _tried(check, bench)
        if finding.verdict == "fault" and not lost:
            lost = _lost(bench)
        findings.append(finding)
        on_finding(finding)
    return findings


def report(bench: Bench, findings: list[Finding]) -> dict[str, Any]:
    """Return a report as JSON has it; nothing secret is in it."""
    return {
        "filmgauge": filmgauge.VERSION,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "host": platform.system(),
        "board": bench.expected.kind.name,
        "faults": [finding.check for finding in findings if finding.verdict == "fault"],
        "not_tested": [finding.check for finding in findings if finding.verdict == "not tested"],
        "checks": [asdict(finding) for finding in findings],
    }


def _tried(check: Check, bench: Bench) -> Finding:
    try:
        bench.link.soft_reset()
        return check.run(bench)
    except LinkError as error:
        advice = "press reset and try it again with --only; if it stays so, send the report"
        return fault(check.name, "", str(error), "an answer", advice)


def _lost(bench: Bench) -> str:
    """Come back to a board after a check that went wrong; return why that cannot be."""
    try:
        bench.link.enter()
        bench.link.guard()
    except LinkError as error:
        return str(error)
    return ""
