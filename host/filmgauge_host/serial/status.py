"""What a node is, measures and remembers."""

import json
from types import SimpleNamespace
from typing import Any

from filmgauge.config import Config
from filmgauge.control.protection import Protection
from filmgauge.control.unprotected import Unprotected
from filmgauge.decoding.ledger_lines import LEDGER_LINES
from filmgauge.gauge.fuel_gauge import FuelGauge
from filmgauge.gauge.ledger_only import LedgerOnly
from filmgauge.gauge.profile import Profile
from filmgauge.record.limit_text import limit_text
from filmgauge.record.record_text import fault_text
from filmgauge.state import PLANNED_SIZE, State
from filmgauge.store.block import OVERHEAD
from filmgauge_host.serial.board_files import BoardFiles
from filmgauge_host.serial.board_link import BoardError, BoardLink
from filmgauge_host.serial.board_script import merged, run_script
from filmgauge_host.serial.finding import part_text
from filmgauge_host.serial.raw_pages import RawPages

_PAGED = "stm32wb"  # the port that has raw pages
_SYSTEM = ("firmware", "board", "machine", "heap_free", "flash_free", "flash_size")


def read_status(link: BoardLink) -> dict[str, Any]:
    """Ask a board and return its status in physical units; None for what is not known."""
    answers = merged(run_script(link, "status"))
    link.soft_reset()  # the state and the sensors have no room beside each other
    answers |= merged(run_script(link, "readings"))
    configuration = answers.get("configuration")
    status: dict[str, Any] = {
        "node": configuration["node"] if configuration else None,
        **{name: answers[name] for name in _SYSTEM},
        "micropython": ".".join(map(str, answers["interpreter"])),
        "configuration": configuration,
        "crashes": [json.loads(text) for text in answers.get("crashes", [])],
        "problems": [str(why) for key, why in answers.items() if key.endswith("_wrong") and why],
    }
    name, full_nah = answers.get("profile") or (None, None)
    status["profile"] = {"name": name, "full_uah": _scaled(full_nah, 1000)}
    if configuration is not None:
        status["sensors"] = _sensors(answers, configuration)
        status["readings"] = _readings(answers)
        status["waiting"] = answers.get("waiting")
    status["state"] = _state(link, answers, status["problems"])
    return status


def status_lines(status: dict[str, Any]) -> list[str]:
    """Return a status as text for people."""
    lines = [
        f"{status['node'] or 'a node without configuration'}: filmgauge {status['firmware']}"
        f" on {status['machine']}, MicroPython {status['micropython']}",
        f"  flash {status['flash_free'] // 1024} of {status['flash_size'] // 1024} KB free, heap"
        f" {status['heap_free'] // 1024} KB free",
    ]
    profile = status["profile"]
    if profile["name"]:
        lines.append(f"  cell {profile['name']}, {profile['full_uah']:g} uAh")
    lines += [f"  {line}" for line in status.get("sensors", [])]
    if "readings" in status:
        now = status["readings"]
        lines.append(
            f"  now {_text(now['voltage_v'], '.4f', 'V')},"
            f" {_text(now['current_ua'], '+.4f', 'uA')},"
            f" {_text(now['temperature_c'], '.2f', 'degC')}"
        )
    if status["state"]:
        lines += _state_lines(status["state"])
    if status.get("waiting") is not None:
        lines.append(f"  {status['waiting']} records wait")
    lines += [f"  failed: {_crash_text(crash)}" for crash in status["crashes"]]
    return lines + [f"  problem: {problem}" for problem in status["problems"]]


def _crash_text(crash: dict[str, Any]) -> str:
    """Return a crash record in words: what, where, when, and how much heap was free."""
    words = f"{crash.get('type')} at {crash.get('at')}"
    if "boot" in crash:
        words += f", boot {crash['boot']} before record {crash['seq']}, {crash['up_s']} s"
    return words + (f", {crash['free']} bytes free" if "free" in crash else "")


def _sensors(answers: dict[str, Any], configuration: dict[str, Any]) -> list[str]:
    texts = [part_text(address, words) for address, words in answers.get("parts", [])]
    if answers.get("running"):
        at = f"at {configuration['ina228_address']:#04x}"
        texts = [f"{text}, counting" if text.endswith(at) else text for text in texts]
    return texts


def _readings(answers: dict[str, Any]) -> dict[str, float | None]:
    return {
        "voltage_v": _scaled(answers.get("voltage_uv"), 1e6),
        "current_ua": _scaled(answers.get("current_pa"), 1e6),
        "temperature_c": _scaled(answers.get("temperature_cdeg"), 100),
    }


def _state(link: BoardLink, answers: dict[str, Any], problems: list[str]) -> dict[str, Any] | None:
    """Return what the node remembers; None, with the reason among the problems, for nothing."""
    if answers.get("state") is None:
        return None
    try:
        return {
            "source": answers["state"],
            **_stored_state(link, bytes.fromhex(answers["block"]), answers["board"] == _PAGED),
        }
    except ValueError as error:
        problems.append(str(error))
        return None


def _state_lines(state: dict[str, Any]) -> list[str]:
    ledger = ", ".join(f"{line} {uah:+.3f}" for line, uah in state["ledger_uah"].items() if uah)
    return [
        f"  boot {state['boot']}, {state['seq']} records, {state['wakes']} wakes"
        f" (from its {state['source']})",
        f"  charge {_text(state['soc_pct'], '.2f', '%')} +-"
        f" {_text(state['soc_sigma_pct'], '.2f', '%')}:"
        f" {_text(state['stored_uah'], '.3f', 'uAh')} of {_text(state['full_uah'], '.3f', 'uAh')}",
        f"  ledger, uAh: {ledger or 'nothing'}",
        f"  faults {state['faults']}, limits {state['limits'] or 'not known'},"
        f" booted {state['memory_resets']} times for want of memory",
    ]


def _text(value: float | None, form: str, unit: str) -> str:
    return "unknown" if value is None else f"{value:{form}} {unit}"


def _stored_state(link: BoardLink, block: bytes, paged: bool) -> dict[str, Any]:
    """Read a block with the configuration and the profile that are on the board.

    Returns counters, shares in percent and charges in uAh, a line of the ledger each; None for
    what a node without profile lacks. Raises ValueError, one sentence, for a block or a
    configuration that this version does not read.
    """
    state = State(planned=len(block) == PLANNED_SIZE + OVERHEAD)
    gauge, protection = _owners(link, paged)
    if len(block) == len(state.buffer):
        state.buffer[:] = block
    if len(block) != len(state.buffer) or not state.unpack(gauge, protection):
        raise ValueError("what the node remembers is of another version")
    limits = protection.limits_word()
    return {
        "boot": state.boot,
        "seq": state.seq,
        "wakes": state.wakes,
        "faults": fault_text(state.faults),
        "memory_resets": state.memory_resets,
        "limits": None if limits is None else limit_text(limits),
        "soc_pct": _scaled(gauge.soc_ppm(), 1e4),
        "soc_sigma_pct": _scaled(gauge.sigma_ppm(), 1e4),
        "stored_uah": _scaled(gauge.stored_nah(), 1000),
        "full_uah": _scaled(gauge.full_nah(), 1000),
        "ledger_uah": {
            line: gauge.ledger.line_nah(number) / 1000 for number, line in enumerate(LEDGER_LINES)
        },
    }


def _scaled(value: int | None, per: float) -> float | None:
    """Return a number in a unit that is `per` of its own; None stays."""
    return None if value is None else value / per


def _owners(link: BoardLink, paged: bool) -> tuple[Any, Any]:
    """Return the gauge and the protection of the node, to be filled from its block."""
    files = BoardFiles(link)
    text = files.read("/config.json")
    if paged:
        text = RawPages(link).configuration(text)
    config: Any = Config.from_json(text)
    try:
        profile = Profile.from_bytes(files.read("/profile.bin"))
    except (BoardError, ValueError):  # then it only counts
        return LedgerOnly(), Unprotected()
    no_pins = SimpleNamespace(latch=None)
    return FuelGauge(profile, config.shunt_mohm), Protection(no_pins, config, profile)
