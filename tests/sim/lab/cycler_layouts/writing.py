"""What a layout is, and how its lines are made."""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Layout:
    """How a file is written, and what must be found in it."""

    name: str
    source: str
    write: Callable
    # What the file does not have or round off: names of CyclerData.
    without: frozenset = frozenset()
    # How well times and currents are told, s and A.
    time_s: float = 1e-3
    current_a: float = 2e-8
    columns: tuple = ()
    sign: str = "as-written"
    remark: str = ""


LAYOUTS = []


def layout(name, source, *, without=(), **known):
    """Register the function below as the writer of a file of this name."""

    def register(write):
        LAYOUTS.append(Layout(name, source, write, frozenset(without), **known))
        return write

    return register


def text(path, lines, *, encoding="utf-8", end="\r\n"):
    path.write_bytes("".join(line + end for line in lines).encode(encoding))


def table(header, body, separator=","):
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(body)
    return out.getvalue().splitlines()


def clock(seconds, form="{:02d}:{:02d}:{:06.3f}"):
    minutes, rest = divmod(seconds, 60.0)
    hours, minutes = divmod(int(minutes), 60)
    return form.format(hours, minutes, rest)


def commas(lines):
    """The rows below a header with decimal commas."""
    return [lines[0], *(line.replace(".", ",") for line in lines[1:])]
