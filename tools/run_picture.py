"""Draws docs/run.svg: the screen of `filmgauge run` of a demonstration of three nodes."""

import io
import tempfile
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console

from filmgauge_host.terminal.run_view import RunView
from filmgauge_host.virtual.session import RunOptions, RunSession
from filmgauge_sim.scenario.loading import load_scenario

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "run.svg"
_WIDTH, _HEIGHT = 120, 25


def _without_web_fonts(template: str) -> str:
    """Drop the @font-face rules: a picture must not fetch anything."""
    head, _, rest = template.partition("@font-face")
    tail = rest.rpartition("@font-face")[2].partition("}}")[2]
    return head + tail


def main() -> None:
    screen = io.StringIO()
    console = Console(record=True, width=_WIDTH, height=_HEIGHT, force_terminal=True, file=screen)
    with tempfile.TemporaryDirectory() as folder:
        options = RunOptions(runtime="cpython")
        with RunSession(load_scenario("demo"), options, Path(folder)) as session:
            view = RunView(session, "filmgauge run demo", console)
            session.run(view.add, lambda: True)
            console.print(view.body())
    template = _without_web_fonts(CONSOLE_SVG_FORMAT)
    PICTURE.write_text(console.export_svg(title="filmgauge run", code_format=template))


if __name__ == "__main__":
    main()
