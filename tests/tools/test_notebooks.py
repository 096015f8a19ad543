"""The notebooks of docs/notebooks run, and show what their code gives today."""

import json
import re
import runpy
from pathlib import Path

import pytest

TOOL = runpy.run_path(str(Path(__file__).resolve().parents[2] / "tools" / "run_notebooks.py"))
NOTEBOOKS = sorted(TOOL["FOLDER"].glob("*.ipynb"))


def images(notebook):
    return [
        sum("image/png" in output.get("data", {}) for output in cell["outputs"])
        for cell in notebook["cells"]
        if cell["cell_type"] == "code"
    ]


NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
STEERED = {"node"}
"""Where a harvester is switched by a voltage a last bit of another machine's mathematics grows
until it switches at another time; what such a notebook claims, it asserts itself."""


def words(notebook):
    """Return the texts without numbers, and without the widths that numbers give to columns."""
    joined = "\n".join("".join(cell) for cell in TOOL["texts"](notebook))
    return NUMBER.sub("#", joined).split()


def numbers(notebook):
    return [
        float(each)
        for cell in TOOL["texts"](notebook)
        for text in cell
        for each in NUMBER.findall(text)
    ]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_shows_what_it_gives(path):
    stored = json.loads(path.read_text(encoding="utf-8"))
    now = TOOL["executed"](path)
    assert words(stored) == words(now)
    assert images(stored) == images(now)
    if path.stem not in STEERED:
        assert numbers(now) == pytest.approx(numbers(stored), rel=1e-3, abs=2e-3)


def test_there_is_a_cell_a_node_a_fit_and_a_sizing():
    assert [path.stem for path in NOTEBOOKS] == ["cell", "fit", "node", "size"]


def test_a_cell_that_fails_fails_the_run(tmp_path):
    path = tmp_path / "x.ipynb"
    cell = {"cell_type": "code", "source": ["print(1)\n", "1 / 0"], "outputs": []}
    path.write_text(json.dumps({"cells": [cell]}))
    with pytest.raises(ZeroDivisionError):
        TOOL["executed"](path)
    assert Path.cwd() != tmp_path


def test_outputs_are_what_a_reader_expects(tmp_path):
    path = tmp_path / "x.ipynb"
    sources = ["print('a')\nx = 3\nx + 1", "x;", "import matplotlib.pyplot as p\np.plot([1, 2]);"]
    cells = [{"cell_type": "code", "source": [each], "outputs": []} for each in sources]
    path.write_text(json.dumps({"cells": cells}))
    done = TOOL["executed"](path)
    assert TOOL["texts"](done) == [["a\n", "4"], [], []]
    assert images(done) == [0, 0, 1]


def test_a_figure_from_elsewhere_is_no_output(tmp_path):
    from matplotlib import pyplot

    path = tmp_path / "x.ipynb"
    path.write_text(json.dumps({"cells": [{"cell_type": "code", "source": ["1"], "outputs": []}]}))
    pyplot.figure()
    assert images(TOOL["executed"](path)) == [0]
