"""Runs notebooks and stores in them what they give: `python tools/run_notebooks.py [FILE]...`.

No Jupyter is needed. The code cells of a notebook run one after the other in one namespace and in
an empty folder. What a cell prints, the value of its last expression (unless a semicolon ends it)
and its matplotlib figures become its outputs.
"""

import ast
import base64
import contextlib
import io
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "notebooks"
_DPI = 70


def executed(path: Path) -> dict[str, Any]:
    """Return a notebook with the outputs that it gives now. Raises what its code raises."""
    import matplotlib as mpl

    mpl.use("Agg")
    _figures()  # a notebook begins without any, whatever was drawn before in this process
    notebook = json.loads(path.read_text(encoding="utf-8"))
    namespace: dict[str, Any] = {"__name__": "__main__"}
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
            for count, cell in enumerate(cells, 1):
                cell["execution_count"] = count
                cell["outputs"] = _outputs("".join(cell["source"]), namespace, count)
        finally:
            os.chdir(before)
    return notebook


def texts(notebook: dict[str, Any]) -> list[list[str]]:
    """Return the texts that each code cell has among its outputs."""
    return [
        [
            "".join(output.get("text", output.get("data", {}).get("text/plain", "")))
            for output in cell["outputs"]
            if "image/png" not in output.get("data", {})
        ]
        for cell in notebook["cells"]
        if cell["cell_type"] == "code"
    ]


def _outputs(source: str, namespace: dict[str, Any], count: int) -> list[dict[str, Any]]:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        value = _run(source, namespace)
    outputs: list[dict[str, Any]] = []
    if printed.getvalue():
        outputs.append(
            {"output_type": "stream", "name": "stdout", "text": _lines(printed.getvalue())}
        )
    if value is not None and not source.rstrip().endswith(";"):
        data = {"text/plain": _lines(repr(value))}
        if hasattr(value, "_repr_html_"):
            data["text/html"] = _lines(value._repr_html_())
        outputs.append(
            {
                "output_type": "execute_result",
                "execution_count": count,
                "metadata": {},
                "data": data,
            }
        )
    return [*outputs, *_figures()]


def _run(source: str, namespace: dict[str, Any]) -> Any:
    """Run a cell; return the value of its last expression."""
    body = ast.parse(source).body
    last = body[-1] if body else None
    if not isinstance(last, ast.Expr):
        exec(compile(ast.Module(body, []), "<cell>", "exec"), namespace)
        return None
    exec(compile(ast.Module(body[:-1], []), "<cell>", "exec"), namespace)
    return eval(compile(ast.Expression(last.value), "<cell>", "eval"), namespace)


def _figures() -> list[dict[str, Any]]:
    """Return the open figures as outputs, and close them."""
    from matplotlib import pyplot

    outputs = []
    for number in pyplot.get_fignums():
        file = io.BytesIO()
        pyplot.figure(number).savefig(file, format="png", dpi=_DPI, bbox_inches="tight")
        data = {"image/png": base64.b64encode(file.getvalue()).decode()}
        outputs.append({"output_type": "display_data", "metadata": {}, "data": data})
    pyplot.close("all")
    return outputs


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def main() -> None:
    for path in map(Path, sys.argv[1:] or sorted(FOLDER.glob("*.ipynb"))):
        text = json.dumps(executed(path), indent=1, ensure_ascii=False)
        path.write_text(text + "\n", encoding="utf-8")
        print(path)


if __name__ == "__main__":
    main()
