"""Renews a table of docs/reliability.md from what a campaign has printed.

python tools/reliability_page.py build/campaign.jsonl

campaign.jsonl: faults of sensors; cuts.jsonl: power cuts;
updates.jsonl: those of nodes that are given new versions; allocations.jsonl: a heap that is too
small; years.jsonl: years of one node; fuzz.jsonl: malformed input.
"""

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reliability.md"
Results = list[dict[str, Any]]


def faults(results: Results) -> Iterator[str]:
    """Yield the lines of a table: a row for each thing that faults befall, and their sum."""
    yield "| fault of | cases | a fault told | unexplained |"
    yield "|---|---|---|---|"
    for title, rows in _grouped(results):
        told = sum(each["told"] for each in rows)
        bad = sum(each["bad"] > 0 for each in rows)
        yield f"| {title} | {len(rows):,} | {told:,} | {bad:,} |"


def cuts(results: Results, what: str = "use", done: str = "commands") -> Iterator[str]:
    """Yield the lines of a table: a row for each board and use, and their sum."""
    yield (
        f"| board and {what} | cuts | at a request | in flash: clean, torn, garbage | before the"
        f" first wake | {done} | not kept |"
    )
    yield "|---|---|---|---|---|---|---|"
    for title, rows in _grouped(results):
        targets: Counter[str] = Counter()
        for each in rows:
            targets.update(each["targets"])
        flash = ", ".join(f"{targets[f'flash {how}']:,}" for how in ("clean", "torn", "garbage"))
        counts = (
            sum(each["cuts"] for each in rows),
            targets["request"] + targets["sleep"],
            flash,
            targets["in recovery"],
            sum(each["commands"] for each in rows),
            sum(len(each["problems"]) for each in rows),
        )
        cells = [each if isinstance(each, str) else f"{each:,}" for each in counts]
        yield f"| {title} | {' | '.join(cells)} |"


def updates(results: Results) -> Iterator[str]:
    """Yield the lines of a table: a row for each board and kind of order, and their sum."""
    return cuts(results, "order", "orders that came to their end")


def allocations(results: Results) -> Iterator[str]:
    """Yield the lines of a table: a row for each board and kind of wake, and their sum."""
    yield "| board and wake | statements | failed allocations | not kept |"
    yield "|---|---|---|---|"
    for title, rows in _grouped([each for each in results if each["reached"]]):
        failed = sum(each["failed"] > 0 for each in rows)
        bad = sum(bool(each["problems"]) for each in rows)
        yield f"| {title} | {len(rows):,} | {failed:,} | {bad:,} |"


def years(results: Results) -> Iterator[str]:
    """Yield the lines of a table of what a life came to."""
    life = results[-1]
    rows = {
        "years": f"{life['days'] / 365.25:.1f}",
        "wakes": f"{life['wakes']:,}",
        "records, of which a number is missing or came twice": (
            f"{life['records']:,}, {life['gaps'] + life['doubled']:,}"
        ),
        "boots beyond the first, resets, incidents": (
            f"{life['boots'] - 1:,}, {life['resets']:,}, {len(life['incidents']):,}"
        ),
        "state of charge within two sigma": (
            f"{100 * life['within_2_sigma'] / life['with_charge']:.2f} % of the records"
        ),
        "wrong by more than two sigma and 1 % without a fault": f"{life['unexplained']:,}",
        "erases of the page with most": f"{life['erases_worst']:,}",
    }
    yield "| | |"
    yield "|---|---|"
    for title, cell in rows.items():
        yield f"| {title} | {cell} |"


def fuzz(results: Results) -> Iterator[str]:
    """Yield the lines of a table: a row for each door, and their sum."""
    yield "| door | inputs | accepted, and what it should be | crashes |"
    yield "|---|---|---|---|"
    for title, rows in _grouped([{"group": each["door"], **each} for each in results]):
        cases = sum(each["cases"] for each in rows)
        accepted = sum(each["accepted"] for each in rows)
        crashes = sum(len(each["crashes"]) for each in rows)
        yield f"| {title} | {cases:,} | {accepted:,} | {crashes:,} |"


TABLES: dict[str, Callable[[Results], Iterator[str]]] = {
    "campaign": faults,
    "cuts": cuts,
    "updates": updates,
    "allocations": allocations,
    "years": years,
    "fuzz": fuzz,
}


def renewed(page: str, name: str, lines: Iterable[str]) -> str:
    """Return the text of the page with another table. Raises ValueError where it has no place."""
    begin, end = f"<!-- {name} -->\n", f"<!-- end: {name} -->\n"
    before, found, rest = page.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"{PAGE.name} has no place for the table {name}")
    return before + begin + "".join(f"{line}\n" for line in lines) + end + after


def _grouped(results: Results) -> Iterator[tuple[str, Results]]:
    """Yield a title and its results, group by group, and all of them."""
    groups: dict[str, Results] = {}
    for result in results:
        groups.setdefault(result["group"], []).append(result)
    for name in sorted(groups):
        yield f"`{name}`", groups[name]
    yield "**all**", results


def main() -> None:
    path = Path(sys.argv[1])
    results = [json.loads(line) for line in path.read_text().splitlines()]
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(renewed(page, path.stem, TABLES[path.stem](results)), encoding="utf-8")


if __name__ == "__main__":
    main()
