"""Checks of the radio."""

from filmgauge_host.first_light.check import Bench, Check
from filmgauge_host.serial.board_link import BoardError
from filmgauge_host.serial.board_script import merged, run_script
from filmgauge_host.serial.finding import Finding

_JOIN_MS = 15_000
_ADVERTISE_MS = 2000
_SLEEP_MS = 3000
_EARLY_SHARE = 0.9  # of a sleep: less is an early end


class WifiCheck(Check):
    """Whether Wi-Fi hears networks, and gets into that of the node."""

    name = "Wi-Fi"

    def run(self, bench: Bench) -> Finding:
        expected = bench.expected
        if not expected.kind.has_wifi:
            return self._untested("this board has none")
        ssid = expected.wifi_ssid
        wanted = f"networks, and into {ssid!r}" if ssid else "networks"
        advice = "see that the antenna is free and an access point near"
        advice += "; then look at name and password in the description" if ssid else ""
        try:
            found = merged(run_script(bench.link, "wifi", ssid, expected.wifi_password, _JOIN_MS))
        except BoardError as error:
            return self._judged(False, f"it does not start ({error})", wanted, advice)
        seen = f"{found['networks']} networks heard"
        if ssid:
            heard = "heard" if found["hears_it"] else "not heard"
            seen += f", {ssid!r} {heard} and {'joined' if found['joined'] else 'not joined'}"
        is_ok = found["networks"] > 0 and found.get("joined", True)
        return self._judged(is_ok, seen, wanted, advice, **found)


class BluetoothCheck(Check):
    """Whether the stack starts and advertises."""

    name = "Bluetooth"

    def run(self, bench: Bench) -> Finding:
        if not bench.expected.kind.has_bluetooth:
            return self._untested("the firmware does not use it on this board")
        wanted = "a stack that starts and advertises"
        advice = "put the radio's own firmware on the board, as docs/flashing.md says"
        try:
            found = merged(run_script(bench.link, "advertise", _ADVERTISE_MS))
        except BoardError as error:
            return self._judged(False, f"it does not start ({error})", wanted, advice)
        seen = f'advertised as "firstlight" from {found["address"]} (a phone can show it)'
        return self._judged(True, seen, wanted, advice, **found)


class RadioWakeCheck(Check):
    """Whether an interrupt of the radio's core ends a light sleep: the firmware waits for centrals
    so, and nobody has seen it on a board."""

    name = "radio ends a sleep"

    def run(self, bench: Bench) -> Finding:
        if not bench.expected.kind.has_bluetooth:
            return self._untested("the firmware does not sleep with its radio on, on this board")
        wanted = f"{_SLEEP_MS / 1000:g} s with the radio off, less while it hears somebody"
        advice = (
            "a node would answer a central only when a sleep ends by itself, and the energy budget"
            " of connections is wrong: send the report"
        )
        try:
            found = merged(run_script(bench.link, "radio_wake", _SLEEP_MS))
        except BoardError as error:
            if "gap_scan" in error.trace:
                return self._untested("this image cannot listen: use that of docs/flashing.md")
            return self._judged(False, f"the radio does not start ({error})", wanted, advice)
        if not found["heard"]:
            return self._untested("nobody advertises near: bring a phone or a beacon, try again")
        silent_ms, hearing_ms = found["lasted_ms"]
        least_ms = _SLEEP_MS * _EARLY_SHARE
        return self._judged(
            silent_ms >= least_ms > hearing_ms,
            f"{silent_ms / 1000:.2f} s with the radio off, {hearing_ms / 1000:.2f} s while it"
            f" hears somebody ({found['heard']} times in 2 s)",
            wanted,
            advice,
            **found,
        )
