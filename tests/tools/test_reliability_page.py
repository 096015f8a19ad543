"""The tables of docs/reliability.md, and what renews them."""

from typing import Any

import pytest

from tools.reliability_page import PAGE, TABLES, faults, fuzz, renewed


def fault(group: str, told: bool, bad: int) -> dict[str, Any]:
    return {"group": group, "told": told, "bad": bad}


def test_a_row_counts_what_befell_one_thing() -> None:
    results = [fault("tmp117 nack", True, 0)] * 3 + [fault("gate", False, 5)]
    assert list(faults(results))[2:] == [
        "| `gate` | 1 | 0 | 1 |",
        "| `tmp117 nack` | 3 | 3 | 0 |",
        "| **all** | 4 | 3 | 1 |",
    ]


def test_a_row_counts_what_came_through_one_door() -> None:
    results = [
        {"door": "frames", "cases": 1500, "accepted": 0, "crashes": {}},
        {"door": "adverts", "cases": 20, "accepted": 7, "crashes": {"KeyError a.py:3": "00"}},
    ]
    assert list(fuzz(results))[2:] == [
        "| `adverts` | 20 | 7 | 1 |",
        "| `frames` | 1,500 | 0 | 0 |",
        "| **all** | 1,520 | 7 | 1 |",
    ]


@pytest.mark.parametrize("name", TABLES)
def test_the_page_has_the_place_of_each_table(name: str) -> None:
    page = PAGE.read_text()
    changed = renewed(page, name, ["| new |"])
    assert "| new |\n" in changed
    assert changed.splitlines()[0] == page.splitlines()[0]
    assert changed.splitlines()[-1] == page.splitlines()[-1]
    with pytest.raises(ValueError, match=r"reliability\.md has no place"):
        renewed("# Without", name, [])
