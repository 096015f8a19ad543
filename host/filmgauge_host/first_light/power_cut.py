"""The check of what is left when the power goes while a node saves its state."""

import time

from filmgauge_host.first_light.check import Bench, Check
from filmgauge_host.serial.board_link import LinkError
from filmgauge_host.serial.board_script import load_script, merged, run_script, script_call
from filmgauge_host.serial.finding import Finding

_MOST = 100_000
_PULL_S = 60.0
_SILENT_S = 3.0


class PowerCutCheck(Check):
    """Whether what was acknowledged last before a power cut is there after it."""

    name = "power cut"

    def run(self, bench: Bench) -> Finding:
        link, person = bench.link, bench.person
        if not bench.tries_power_cut:
            return self._untested("left out: run it without --no-power-cut")
        if not person.is_there:
            return self._untested("nobody is there to pull the cable: run it in a terminal")
        try:
            found = merged(run_script(link, "saved"))["found"]
        except LinkError as error:
            return self._untested(f"{error}; then try again with --only 'power cut'")
        if found is None:
            return self._untested("the node has saved nothing yet: let it report, and try again")
        link.soft_reset()  # what it has loaded leaves no room
        load_script(link, "saves")
        link.start(script_call("saves", _MOST))
        acknowledged = self._last_acknowledged(bench)
        if acknowledged is None:
            link.enter()
            link.guard()
            return self._untested("no cable was pulled while it saved: try --only 'power cut'")
        person.say("put the cable in again")
        link.close()
        link.interrupt()
        (kept_power,) = link.values("print('saves' in globals())")
        link.enter()
        link.guard()
        if kept_power:  # on a battery, or it was silent because a computer was busy
            return self._untested("the board had power all the time: take its other supply away")
        found = merged(run_script(link, "saved"))["found"]
        return self._judged(
            found is not None and found >= acknowledged,
            f"save {found} found, {acknowledged} acknowledged last",
            "the last acknowledged, or a later one",
            "a node would lose its charge with its power: send the report, and how the power"
            " was cut",
            found=found,
            acknowledged=acknowledged,
        )

    @staticmethod
    def _last_acknowledged(bench: Bench) -> int | None:
        """Read along until the power goes, which the user is asked for once there is a number;
        return the last number, None where it never went."""
        begun_s = heard_s = time.monotonic()
        last: int | None = None
        tail = b""
        while time.monotonic() - begun_s < _PULL_S:
            try:
                new = bench.link.read_available()
            except LinkError:
                return last
            if new:
                heard_s = time.monotonic()
                *lines, tail = (tail + new).split(b"\n")
                numbers = [line[1:] for line in lines if line[:1] == b"@"]
                if numbers and last is None:
                    bench.person.say(
                        f"pull the board's cable within {_PULL_S:.0f} s: it saves now"
                    )
                last = int(numbers[-1]) if numbers else last
            elif last is not None and time.monotonic() - heard_s > _SILENT_S:
                return last  # a USB chip with a supply of its own keeps the port
            time.sleep(0.02)
        return None
