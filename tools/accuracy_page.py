"""Writes docs/accuracy.md from docs/accuracy.json, the score that `make soak` has made."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_DOCS = Path(__file__).resolve().parent.parent / "docs"
SCORE = _DOCS / "accuracy.json"
PAGE = _DOCS / "accuracy.md"
_HEAD = """# Accuracy of the gauge

The table that `make soak` prints into `docs/accuracy.json`, written out by
`tools/accuracy_page.py`. Errors are in per cent: of the state of charge, of what a full cell gives
at 25 degC and the stated load (available), of the capacity, of the time to empty. They count from
the first full swing where a family has one; what lies before is told by the JSON. A figure in
**bold** misses its bound, which stands beside it; [gauge.md](gauge.md) says why.
"""
_COLUMNS = (
    ("soc_rmse_pct", "SoC RMSE"),
    ("soc_max_pct", "worst"),
    ("coverage_pct", "within 2 sigma"),
    ("available_rmse_pct", "available RMSE"),
    ("capacity_error_pct", "capacity"),
    ("tte_error_pct", "time to empty"),
)
_SHARE = "share_of_best_baseline"
_BASELINES = ("counter", "reset-counter", "rest-table", "ekf")
_PICTURES = ("lab-25", "outdoor", "aged", "no-anchor")


def page(score: dict[str, Any]) -> str:
    """Return the text of the page for a score as `filmgauge score --json` gives it."""
    families = score["families"]
    first, seeds = score["first_seed"], score["seeds"]
    lines = [_HEAD, f"{seeds} seeds a family, from {first} on.", "", *_ours(families), ""]
    lines += ["SoC RMSE of the baselines on the same samples:", "", *_theirs(families), ""]
    for name in _PICTURES:
        if name in families:
            lines += [f"![{name}: truth and gauge](accuracy/{name}.png)", ""]
    return "\n".join(lines).rstrip() + "\n"


def _ours(families: dict[str, Any]) -> Iterator[str]:
    titles = [title for _, title in _COLUMNS]
    yield f"| family | {' | '.join(titles)} | over the best baseline |"
    yield "|---" * (len(titles) + 2) + "|"
    for name, family in families.items():
        bounds = {bound["name"]: bound for bound in family["bounds"]}
        cells = [_cell(family["gauge"].get(key), bounds.get(key)) for key, _ in _COLUMNS]
        share = bounds.get(_SHARE)
        cells.append(_cell(share["value"] if share else None, share))
        yield f"| `{name}` | {' | '.join(cells)} |"


def _cell(value: float | None, bound: dict[str, Any] | None) -> str:
    if value is None:
        return "-"
    text = f"{value:.2f}"
    if bound is None or bound["met"]:
        return text
    low, high = bound["low"], bound["high"]
    wanted = f"at most {high:g}" if low is None else f"{low:g} to {high:g}"
    return f"**{text}** ({wanted})"


def _theirs(families: dict[str, Any]) -> Iterator[str]:
    yield f"| family | {' | '.join(_BASELINES)} |"
    yield "|---" * (len(_BASELINES) + 1) + "|"
    for name, family in families.items():
        cells = [f"{family['baselines'][each]['soc_rmse_pct']:.1f}" for each in _BASELINES]
        yield f"| `{name}` | {' | '.join(cells)} |"


def main() -> None:
    PAGE.write_text(page(json.loads(SCORE.read_text(encoding="utf-8"))), encoding="utf-8")


if __name__ == "__main__":
    main()
