"""Prints every figure of the README, one section after the other."""

import sys

from bench import (
    bluetooth_bridge,
    bluetooth_node,
    firmware,
    flash,
    fresh_clone,
    ledger,
    memory,
    peers,
    population,
    speed,
)

_SECTIONS = {
    "speed": speed.report,
    "peers": peers.report,
    "population": population.report,
    "memory": memory.report,
    "ledger": ledger.report,
    "firmware": firmware.report,
    "bluetooth-node": bluetooth_node.report,
    "bluetooth-bridge": bluetooth_bridge.report,
    "flash": flash.report,
    "fresh-clone": fresh_clone.report,
}


def main() -> None:
    chosen = sys.argv[1:] or list(_SECTIONS)
    for name in chosen:
        if name not in _SECTIONS:
            raise SystemExit(f"bench: section must be one of {', '.join(_SECTIONS)}, not {name}")
    for name in chosen:
        print(f"== {name}", flush=True)
        for line in _SECTIONS[name]():
            print(line, flush=True)


if __name__ == "__main__":
    main()
