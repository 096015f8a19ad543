"""Writes docs/accuracy.md from the two scores that `make soak` makes.

docs/accuracy.json is that of the families, as `filmgauge score --json` prints it.
docs/accuracy-whole.json holds what the page shows of `filmgauge score --all --json`:

    python tools/accuracy_page.py [WHOLE]

takes it from the file WHOLE first.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_DOCS = Path(__file__).resolve().parent.parent / "docs"
SCORE = _DOCS / "accuracy.json"
WHOLE = _DOCS / "accuracy-whole.json"
PAGE = _DOCS / "accuracy.md"
_HEAD = """# Accuracy of the gauge

Two tables that `make soak` makes and `tools/accuracy_page.py` writes out: cells of the model that
the profile is compiled from, and all cells, in other physics and with other differences. Nobody
knows yet which cell a user has: the first says what the method can do, the second what to expect.

Errors are in per cent: of the state of charge, of what a full cell gives
at 25 degC and the stated load (available), of the capacity, of the time to empty. They count from
the first full swing where a family has one; what lies before is told by the JSON. A figure in
**bold** misses its bound, which stands beside it; [gauge.md](gauge.md) says why.

## Where the model holds
"""
_WHOLE_HEAD = """## The whole

Every family in three physics (`filmgauge lab paper --physics`: the published data do not tell them
apart), and differences of a cell or its node in the families where they matter
(`sim/filmgauge_sim/score/modifiers.py`). The gauge always has the profile of the linear physics.

Within two sigma: share of the samples / share of the cells of which 85 % of the samples are
inside. Bounds: 90 to 99.5 % of the samples (more is a remark) and 85 % of the cells. Times: the
RMSE over that of the best of three plain baselines, counters that begin with what the gauge is
given and know the cell by its ends alone; bounds 1.1 in every row and 0.7 over all, as root mean
squares. What misses its bound is **bold**; a dash is a figure that the gauge does not have, and
misses it. A cell unlike its profile has to be told within the first full swing (told), and without
one two sigma has to cover after 30 days.
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


_WHOLE_ERRORS = (
    ("soc_rmse_pct", "SoC RMSE"),
    ("soc_p95_pct", "95 %"),
    ("soc_max_pct", "worst"),
    ("available_rmse_pct", "available"),
    ("capacity_error_pct", "capacity"),
    ("tte_error_pct", "to empty"),
)
_COVERED = {"soc": "SoC", "available": "available", "capacity": "capacity", "tte": "to empty"}


def page(score: dict[str, Any], whole: dict[str, Any] | None = None) -> str:
    """Return the text of the page for a score as `filmgauge score --json` gives it, and for the
    whole as `shown_of` gives it."""
    families = score["families"]
    first, seeds = score["first_seed"], score["seeds"]
    lines = [_HEAD, f"{seeds} seeds a family, from {first} on.", "", *_ours(families), ""]
    lines += ["SoC RMSE of the baselines on the same samples:", "", *_theirs(families), ""]
    for name in _PICTURES:
        if name in families:
            lines += [f"![{name}: truth and gauge](accuracy/{name}.png)", ""]
    if whole is not None:
        lines += ["", *_whole(whole)]
    return "\n".join(lines).rstrip() + "\n"


def shown_of(score: dict[str, Any]) -> dict[str, Any]:
    """Return what the page shows of `filmgauge score --all --json`: a hundredth of its size."""
    rows: dict[str, Any] = {}
    for title, family in score["families"].items():
        gauge, best = family["gauge"], family["best_plain"]
        rows[title] = {
            **{key: _short(gauge[key]) for key, _ in _WHOLE_ERRORS},
            "covered": {
                what: {key: _short(value) for key, value in gauge["covered"][what].items()}
                for what in _COVERED
            },
            "best_plain": best,
            "best_plain_rmse_pct": best
            and _short(family["plain_baselines"][best]["soc_rmse_pct"]),
            "missed": [bound["name"] for bound in family["bounds"] if _is_missed(bound)],
            "bounds": {
                bound["name"]: _short(bound["value"])
                for bound in family["bounds"]
                if bound["name"] in ("times_best_plain", "told_in_swing_pct", "late_soc_cells_pct")
            },
        }
    head = {key: score[key] for key in ("seeds", "first_seed", "whole")}
    return {**head, "rows": rows}


def _is_missed(bound: dict[str, Any]) -> bool:
    """Whether a bound is missed and not only exceeded by a sigma that is wider than need be."""
    is_wider = None not in (bound["low"], bound["high"], bound["value"])
    return not bound["met"] and not (is_wider and bound["value"] > bound["high"])


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _whole(whole: dict[str, Any]) -> Iterator[str]:
    together = whole["whole"]
    yield _WHOLE_HEAD
    yield f"{whole['seeds']} seeds a row, from {whole['first_seed']} on."
    yield ""
    yield (
        f"**All rows together**: {together['rows_met']} of {together['rows']} meet their bounds;"
        f" RMSE {together['times_best_plain']:.2f} times that of the best plain baselines,"
        f" {together['worst_times_best_plain']:.1f} times in the worst row."
    )
    yield ""
    errors = [title for _, title in _WHOLE_ERRORS]
    covered = [f"{title} in 2 sigma" for title in _COVERED.values()]
    yield f"| row | {' | '.join((*errors, *covered))} | best plain | times | told |"
    yield "|---" * (len(errors) + len(covered) + 4) + "|"
    for title, row in whole["rows"].items():
        yield f"| {title} | {' | '.join(_whole_cells(row))} |"


def _whole_cells(row: dict[str, Any]) -> Iterator[str]:
    missed = set(row["missed"])
    for key, _ in _WHOLE_ERRORS:
        yield _marked(_figure(row[key]), key in missed)
    for what in _COVERED:
        of = row["covered"][what]
        text = f"{_figure(of['samples_pct'], 0)}/{_figure(of['cells_pct'], 0)}"
        is_missed = bool({f"{what}_within_pct", f"{what}_cells_pct"} & missed)
        yield _marked("-" if of["samples_pct"] is None else text, is_missed)
    best = row["best_plain"]
    yield "-" if best is None else f"{row['best_plain_rmse_pct']:.2f} {best}"
    bounds = row["bounds"]
    yield _marked(_figure(bounds.get("times_best_plain")), "times_best_plain" in missed)
    told = bounds.get("told_in_swing_pct")
    if told is not None:
        yield _marked(f"{told:.0f} %", "told_in_swing_pct" in missed)
    elif "late_soc_cells_pct" in bounds:
        yield _marked(
            f"covers {bounds['late_soc_cells_pct']:.0f} %", "late_soc_cells_pct" in missed
        )
    else:
        yield ""


def _figure(value: float | None, digits: int = 2) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _marked(text: str, is_missed: bool) -> str:
    return f"**{text}**" if is_missed and text != "-" else text


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
    """Write the page. Raises OSError, ValueError for files that are none."""
    if sys.argv[1:]:
        shown = shown_of(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
        rows = [f"  {json.dumps(name)}: {json.dumps(row)}" for name, row in shown["rows"].items()]
        head = json.dumps({key: value for key, value in shown.items() if key != "rows"})
        text = head[:-1] + ', "rows": {\n' + ",\n".join(rows) + "\n}}\n"
        WHOLE.write_text(text, encoding="utf-8")
    score = json.loads(SCORE.read_text(encoding="utf-8"))
    whole = json.loads(WHOLE.read_text(encoding="utf-8")) if WHOLE.exists() else None
    PAGE.write_text(page(score, whole), encoding="utf-8")


if __name__ == "__main__":
    main()
