"""One test in the layouts of many cyclers' files, as their programs export them: a file a program.

Every layout is a function of path and rows, registered in LAYOUTS by the file name that it is
written under. What a program writes beside the data (remarks, protocols, summaries) is made up.
"""

from . import (
    arbin,
    basytec,
    bdf,
    biologic,
    digatron,
    landt,
    maccor,
    neware,
    novonix,
    own,
    pec,
)
from .writing import LAYOUTS, commas, table, text

__all__ = [
    "LAYOUTS",
    "arbin",
    "basytec",
    "bdf",
    "biologic",
    "commas",
    "digatron",
    "landt",
    "maccor",
    "neware",
    "novonix",
    "own",
    "pec",
    "table",
    "text",
]
