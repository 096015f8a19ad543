"""Renews the table of docs/reliability.md from what a campaign of faults has printed.

python tools/reliability_page.py build/campaign.jsonl
"""

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reliability.md"
_BEGIN, _END = "<!-- campaign -->\n", "<!-- end: campaign -->\n"


def table(results: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield the lines of the table: a row for each thing that faults befall, and their sum."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for result in results:
        rows.setdefault(result["group"], []).append(result)
    yield "| fault of | cases | a fault told | unexplained |"
    yield "|---|---|---|---|"
    for name in sorted(rows):
        yield _row(f"`{name}`", rows[name])
    yield _row("**all**", [each for row in rows.values() for each in row])


def _row(title: str, results: list[dict[str, Any]]) -> str:
    told = sum(each["told"] for each in results)
    bad = sum(each["bad"] > 0 for each in results)
    return f"| {title} | {len(results):,} | {told:,} | {bad:,} |"


def renewed(page: str, lines: Iterable[str]) -> str:
    """Return the text of the page with another table."""
    before, begin, rest = page.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"{PAGE.name} has no place for the table")
    return before + begin + "".join(f"{line}\n" for line in lines) + end + after


def main() -> None:
    results = [json.loads(line) for line in Path(sys.argv[1]).read_text().splitlines()]
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8"), table(results)), encoding="utf-8")


if __name__ == "__main__":
    main()
