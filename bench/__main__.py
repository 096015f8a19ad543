"""Measures the sections named, or all; prints each figure and renews its table in docs/figures.md.

python -m bench [SECTION ...]
"""

import sys

from bench import (
    bluetooth_bridge,
    bluetooth_node,
    boards,
    firmware,
    flash,
    flash_wear,
    ingest,
    installation,
    ledger,
    metrics,
    page,
    peers,
    population,
    runs,
    sizing,
)
from bench.figures import PAGE, Figure, replaced

SECTIONS = {
    "speed": runs.speed,
    "peers": peers.report,
    "population": population.report,
    "memory": runs.memory,
    "ledger": ledger.report,
    "firmware": firmware.report,
    "boards": boards.report,
    "bluetooth-node": bluetooth_node.report,
    "bluetooth-bridge": bluetooth_bridge.report,
    "metrics": metrics.report,
    "flash": flash.report,
    "flash-wear": flash_wear.report,
    "ingest": ingest.report,
    "installation": installation.report,
    "page": page.report,
    "sizing": sizing.report,
}


def main() -> None:
    chosen = sys.argv[1:] or list(SECTIONS)
    for name in chosen:
        if name not in SECTIONS:
            raise SystemExit(f"bench: section must be one of {', '.join(SECTIONS)}, not {name}")
    for name in chosen:
        _measure(name)


def _measure(section: str) -> None:
    print(f"== {section}", flush=True)
    figures: list[Figure] = []
    for figure in SECTIONS[section]():
        print(figure.line(), flush=True)
        figures.append(figure)
    if figures:  # what is not installed leaves the page as it is
        PAGE.write_text(replaced(PAGE.read_text(), section, figures))


if __name__ == "__main__":
    main()
