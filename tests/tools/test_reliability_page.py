"""The table of docs/reliability.md, and what renews it."""

import pytest

from tools.reliability_page import PAGE, renewed, table


def result(group: str, told: bool, bad: int) -> dict[str, object]:
    return {"group": group, "told": told, "bad": bad}


def test_a_row_counts_what_befell_one_thing() -> None:
    results = [result("tmp117 nack", True, 0)] * 3 + [result("gate", False, 5)]
    assert list(table(results))[2:] == [
        "| `gate` | 1 | 0 | 1 |",
        "| `tmp117 nack` | 3 | 3 | 0 |",
        "| **all** | 4 | 3 | 1 |",
    ]


def test_the_page_has_the_place_of_the_table() -> None:
    page = PAGE.read_text()
    changed = renewed(page, ["| new |"])
    assert "| new |\n" in changed
    assert changed.splitlines()[0] == page.splitlines()[0]
    assert changed.splitlines()[-1] == page.splitlines()[-1]
    with pytest.raises(ValueError, match=r"reliability\.md has no place"):
        renewed("# Without", [])
