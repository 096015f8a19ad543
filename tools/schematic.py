"""Draws docs/hardware/bench.svg and docs/hardware/harvesting.svg.

A drawing is a list of SVG elements; y grows downwards, one unit is a pixel. Wires that would cross
half of the page are labels instead: equal labels are connected.
"""

from collections.abc import Iterable
from html import escape
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "hardware"
_INK, _SUPPLY, _SIGNAL, _PAPER = "#1b1b1b", "#a11d1d", "#14509b", "#ffffff"
_STYLE = "font-family='Helvetica,Arial,sans-serif'"


class Drawing:
    """One schematic of `width` x `height`."""

    def __init__(self, width: int, height: int, title: str) -> None:
        self._size = width, height
        self._title = title
        self._parts: list[str] = []

    def wire(self, *points: tuple[float, float]) -> None:
        """A wire through these points."""
        path = " ".join(f"{x:g},{y:g}" for x, y in points)
        self._add(f"<polyline points='{path}' fill='none' stroke='{_INK}' stroke-width='1.6'/>")

    def dot(self, x: float, y: float) -> None:
        """Wires that touch here are connected."""
        self._add(f"<circle cx='{x:g}' cy='{y:g}' r='4' fill='{_INK}'/>")

    def text(
        self,
        x: float,
        y: float,
        text: str,
        anchor: str = "middle",
        size: int = 13,
        color: str = _INK,
        bold: bool = False,
    ) -> None:
        """Text with its baseline at y."""
        weight = " font-weight='bold'" if bold else ""
        self._add(
            f"<text x='{x:g}' y='{y:g}' font-size='{size}' text-anchor='{anchor}'"
            f" fill='{color}'{weight}>{escape(text)}</text>"
        )

    def notes(self, x: float, y: float, lines: Iterable[str]) -> None:
        """Lines of text below each other."""
        for row, line in enumerate(lines):
            self.text(x, y + 18 * row, line, "start")

    def label(self, x: float, y: float, net: str, side: str) -> None:
        """The end of a wire that goes on at every equal label; `side` is where the text stands."""
        supply = net in ("5V", "3V3", "1V8", "VCAP", "VSENS", "VCELL")
        step = -26 if side == "left" else 26
        self.wire((x, y), (x + step, y))
        anchor = "end" if side == "left" else "start"
        color = _SUPPLY if supply else _SIGNAL
        self.text(x + step * 1.15, y + 4.5, net, anchor, 13, color, bold=True)

    def ground(self, x: float, y: float) -> None:
        """The common minus, below (x, y)."""
        self.wire((x, y), (x, y + 12))
        for row, half in enumerate((13, 8, 3)):
            level = y + 12 + 5 * row
            self.wire((x - half, level), (x + half, level))

    def box(self, x: float, y: float, w: float, h: float, name: str, *below: str) -> None:
        """A part with its name and what it is, in the middle."""
        self._add(
            f"<rect x='{x:g}' y='{y:g}' width='{w:g}' height='{h:g}' rx='4' fill='#f4f6f9'"
            f" stroke='{_INK}' stroke-width='1.8'/>"
        )
        top = y + h / 2 - 8 * len(below) + 5
        self.text(x + w / 2, top, name, bold=True, size=14)
        for row, line in enumerate(below):
            self.text(x + w / 2, top + 17 * (row + 1), line, size=12)

    def pin(self, x: float, y: float, name: str, side: str) -> None:
        """The name of a pin inside a box, at its edge (x, y)."""
        shift = {"left": (7, 4.5, "start"), "right": (-7, 4.5, "end")}
        if side in shift:
            dx, dy, anchor = shift[side]
            self.text(x + dx, y + dy, name, anchor, 12)
        else:
            self.text(x, y + (16 if side == "top" else -7), name, "middle", 12)

    def resistor(self, x: float, y: float, name: str, value: str, upright: bool = False) -> None:
        """A resistor of 60 around its middle (x, y); its ends are 30 away."""
        w, h = (16, 40) if upright else (40, 16)
        if upright:
            self.wire((x, y - 30), (x, y + 30))
            self.text(x + 14, y - 2, name, "start", bold=True)
            self.text(x + 14, y + 14, value, "start")
        else:
            self.wire((x - 30, y), (x + 30, y))
            self.text(x, y - 32, name, bold=True)
            self.text(x, y - 16, value)
        self._add(
            f"<rect x='{x - w / 2:g}' y='{y - h / 2:g}' width='{w}' height='{h}' fill='{_PAPER}'"
            f" stroke='{_INK}' stroke-width='1.8'/>"
        )

    def capacitor(self, x: float, y: float, name: str, value: str) -> None:
        """An upright capacitor of 60 around (x, y)."""
        self.wire((x, y - 30), (x, y - 5))
        self.wire((x, y + 5), (x, y + 30))
        for level in (-5, 5):
            self._bar(x, y + level, 16)
        self.text(x + 24, y - 2, name, "start", bold=True)
        self.text(x + 24, y + 14, value, "start")

    def cell(self, x: float, y: float, name: str, value: str) -> None:
        """The film cell of 60 around (x, y), plus above."""
        self.wire((x, y - 30), (x, y - 6))
        self.wire((x, y + 6), (x, y + 30))
        self._bar(x, y - 6, 20)
        self._bar(x, y + 6, 10, 5)
        self.text(x + 26, y - 12, "+", "start", 18)
        self.text(x + 46, y - 4, name, "start", bold=True)
        self.text(x + 46, y + 13, value, "start")

    def switch(self, x: float, y: float, name: str, part: str, closed: bool) -> None:
        """An analog switch of 110 x 60 around (x, y), as it is while its input is low."""
        self.box(x - 55, y - 26, 110, 56, "")
        self.wire((x - 75, y), (x - 24, y))
        self.wire((x + 24, y), (x + 75, y))
        self.wire((x - 24, y), (x + 24, y) if closed else (x + 20, y - 18))
        for end in (-24, 24):
            self._add(
                f"<circle cx='{x + end:g}' cy='{y:g}' r='3.5' fill='{_PAPER}' stroke='{_INK}'/>"
            )
        self.text(x, y - 34, f"{name}: {part}", bold=True)
        self.text(x, y + 22, "SEL", size=12)

    def terminal(self, x: float, y: float, name: str) -> None:
        """A screw terminal, its wire to the right."""
        self._add(
            f"<circle cx='{x:g}' cy='{y:g}' r='7' fill='{_PAPER}' stroke='{_INK}'"
            " stroke-width='1.8'/>"
        )
        self.text(x, y - 14, name, bold=True)

    def svg(self) -> str:
        """Return the file."""
        w, h = self._size
        head = (
            f"<svg xmlns='http://www.w3.org/2000/svg' width='{w}' height='{h}'"
            f" viewBox='0 0 {w} {h}' {_STYLE}>\n<title>{escape(self._title)}</title>\n"
            f"<rect width='{w}' height='{h}' fill='{_PAPER}'/>"
        )
        return "\n".join([head, *self._parts, "</svg>"]) + "\n"

    def _bar(self, x: float, y: float, half: float, width: float = 3) -> None:
        self._add(
            f"<line x1='{x - half:g}' y1='{y:g}' x2='{x + half:g}' y2='{y:g}' stroke='{_INK}'"
            f" stroke-width='{width:g}'/>"
        )

    def _add(self, element: str) -> None:
        self._parts.append(element)


def _measuring(d: Drawing, supply: str, sensors: str) -> None:
    """The path from the load at (160, 150) to the cell, and the sensors on it: in both builds."""
    d.wire((160, 150), (330, 150))
    d.resistor(360, 150, "R1 shunt", "1 kohm 0.1 % 10 ppm")
    d.wire((390, 150), (525, 150))
    d.switch(600, 150, "S1 disconnect", "TMUX1102", closed=True)
    d.wire((675, 150), (1000, 150), (1000, 190))
    d.cell(1000, 220, "film cell", "1.0 to 4.0 V")
    d.ground(1000, 250)
    d.wire((600, 180), (600, 196))
    d.label(600, 196, "DISCONNECT", "right")
    # INA228: the load's side is IN+, so that charging counts positive
    d.box(230, 330, 220, 170, "INA228", "0x40")
    for x, name in ((290, "IN+"), (410, "IN-")):
        d.dot(x, 150)
        d.wire((x, 150), (x, 330))
        d.pin(x, 330, name, "top")
    for y, name, net in (
        (365, "VS", sensors),
        (400, "SCL", "SCL"),
        (435, "SDA", "SDA"),
    ):
        d.pin(230, y, name, "left")
        d.label(230, y, net, "left")
    d.pin(340, 500, "GND A0 A1", "bottom")
    d.ground(340, 500)
    d.pin(450, 415, "VBUS", "right")
    d.wire((450, 415), (525, 415))
    d.switch(600, 415, "S2 gate", "TMUX1101", closed=False)
    d.wire((675, 415), (740, 415), (740, 150))
    d.dot(740, 150)
    d.wire((600, 445), (600, 461))
    d.label(600, 461, "GATE", "right")
    d.notes(752, 330, ("the gate taps the cell", "itself, before S1"))
    # TMP117 on the cell
    d.box(950, 330, 130, 130, "TMP117", "0x48")
    for y, name, net in ((355, "V+", sensors), (390, "SCL", "SCL"), (425, "SDA", "SDA")):
        d.pin(1080, y, name, "right")
        d.label(1080, y, net, "right")
    d.pin(1015, 460, "GND ADD0", "bottom")
    d.ground(1015, 460)
    d.text(1015, 318, "glued to the cell", size=12)
    d.notes(
        800,
        520,
        (
            f"S1 and S2: VDD at {supply}, 100 nF, GND common;",
            "SEL of each has 10 Mohm to GND: low while the",
            "board is off, S1 closed, S2 open",
        ),
    )


def bench() -> str:
    """Return the drawing of the bench build."""
    d = Drawing(1240, 760, "filmgauge, bench build: everything powered over USB")
    d.text(620, 40, "Bench build: board and sensors live from USB", size=20, bold=True)
    d.text(620, 64, "positive current charges: it flows from LOAD+ to the cell", size=14)
    d.terminal(120, 150, "LOAD+")
    d.wire((127, 150), (160, 150))
    d.terminal(120, 270, "LOAD-")
    d.ground(120, 277)
    d.wire((200, 150), (200, 176))
    d.dot(200, 150)
    d.resistor(200, 206, "R2 test", "1 Mohm 1 %", upright=True)
    d.wire((200, 236), (200, 262))
    d.wire((194, 262), (206, 262))
    d.wire((194, 272), (206, 272))
    d.text(214, 272, "J1 test", "start", 12)
    d.wire((200, 272), (200, 290))
    d.ground(200, 290)
    _measuring(d, "5V", "3V3")
    d.box(230, 570, 480, 150, "", "")
    d.text(470, 640, "development board", size=15, bold=True)
    d.text(470, 660, "its pins: docs/hardware.md", size=12)
    for y, name, net in (
        (595, "5V / VBUS", "5V"),
        (630, "3V3", "3V3"),
        (665, "SCL", "SCL"),
        (700, "SDA", "SDA"),
    ):
        d.pin(230, y, name, "left")
        d.label(230, y, net, "left")
    for y, name, net in ((595, "gate", "GATE"), (630, "disconnect", "DISCONNECT")):
        d.pin(710, y, name, "right")
        d.label(710, y, net, "right")
    d.pin(710, 690, "GND", "right")
    d.wire((710, 690), (740, 690))
    d.ground(740, 690)
    d.text(470, 590, "USB to the computer or a plug", size=12)
    d.notes(
        880,
        600,
        (
            "pull-ups of 10 kohm from SCL and SDA to 3V3",
            "and 100 nF at each sensor are on the breakouts;",
            "the shunt that a breakout brings must come off",
        ),
    )
    return d.svg()


def harvesting() -> str:
    """Return the drawing of the harvesting build."""
    d = Drawing(1240, 960, "filmgauge, harvesting build: the node lives from its film")
    d.text(620, 40, "Harvesting build: the node lives from its film", size=20, bold=True)
    d.text(620, 64, "positive current charges: it flows from STORE to the cell", size=14)
    d.label(150, 150, "STORE", "left")
    d.wire((124, 150), (160, 150))
    _measuring(d, "VCELL", "VSENS")
    d.wire((860, 150), (860, 132))
    d.dot(860, 150)
    d.label(860, 132, "VCELL", "right")
    # harvester, converter, capacitor
    d.box(60, 640, 120, 90, "harvester", "photovoltaic", "or thermoelectric")
    d.box(260, 620, 190, 150, "converter", "keeps VCAP at", "3.1 to 3.6 V")
    d.wire((180, 670), (260, 670))
    d.pin(260, 670, "IN", "left")
    d.wire((120, 730), (120, 745))
    d.ground(120, 745)
    d.pin(355, 620, "STORE", "top")
    d.wire((355, 620), (355, 596))
    d.label(355, 596, "STORE", "right")
    d.pin(355, 770, "GND", "bottom")
    d.ground(355, 770)
    d.pin(450, 670, "CAP", "right")
    d.wire((450, 670), (640, 670))
    d.dot(500, 670)
    d.wire((500, 670), (500, 700))
    d.capacitor(500, 730, "C1", "4700 uF")
    d.ground(500, 760)
    d.dot(580, 670)
    d.wire((580, 670), (580, 640))
    d.label(580, 640, "VCAP", "left")
    # regulator and board
    d.box(640, 640, 130, 60, "1.8 V", "regulator")
    d.wire((705, 700), (705, 715))
    d.ground(705, 715)
    d.wire((770, 670), (880, 670))
    d.text(825, 662, "1V8", color=_SUPPLY, bold=True)
    d.box(880, 630, 200, 200, "STM32WB55", "", "")
    d.pin(880, 670, "VDD", "left")
    for y, name, net in (
        (650, "PB8", "SCL"),
        (685, "PB9", "SDA"),
        (720, "PA4", "GATE"),
        (755, "PA5", "SENSORS"),
        (790, "PA6", "DISCONNECT"),
    ):
        d.pin(1080, y, name, "right")
        d.label(1080, y, net, "right")
    d.pin(980, 830, "GND", "bottom")
    d.ground(980, 830)
    # supply of the sensors
    d.label(120, 850, "VCAP", "left")
    d.switch(195, 850, "S3 sensors", "load switch", closed=False)
    d.wire((195, 880), (195, 896))
    d.label(195, 896, "SENSORS", "right")
    d.wire((270, 850), (420, 850))
    d.label(420, 850, "VSENS", "right")
    for x, name, net in ((310, "R3", "SCL"), (390, "R4", "SDA")):
        d.dot(x, 850)
        d.resistor(x, 880, name, "10 kohm", upright=True)
        d.text(x, 926, net, color=_SIGNAL, bold=True)
    d.notes(
        520,
        830,
        (
            "the pull-ups hang on VSENS: on VCAP they would",
            "feed sensors that are switched off. PB8 and PB9",
            "take more than VDD. VSENS needs 2.7 V or more;",
            "its bypass is small: it is charged at each sample",
        ),
    )
    return d.svg()


DRAWINGS = {"bench.svg": bench, "harvesting.svg": harvesting}

if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, draw in DRAWINGS.items():
        (FOLDER / name).write_text(draw())
