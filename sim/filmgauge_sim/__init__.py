"""The simulator as a researcher calls it, in a notebook or a script.

    import filmgauge_sim as fg

    result = fg.Cell("evp-li", area_cm2=1).run("discharge at C/5 to 1.0 V")
    result.capacity_uah                 # uAh
    result.to_dataframe()               # columns by the names of Battery Data Format
    result.plot()

    result = fg.run(fg.Scenario("window"), duration="2d")
    result["window-1"].to_dataframe()   # the node's records beside the truth

    result = fg.size("node.toml", "office", cell_cm2=[40, 80], harvester_cm2=[20, 40])
    result.smallest[0].nominal.design   # of which film and harvester it lives for ten years

Nothing is imported before it is asked for, pandas and matplotlib not before a data frame or a
plot is. Positive current charges the cell, everywhere. docs/notebooks has examples.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from filmgauge_sim.lab.experiment import Experiment
    from filmgauge_sim.notebook.cell import Cell
    from filmgauge_sim.notebook.nodes import Node, Scenario, run
    from filmgauge_sim.notebook.sizes import size

__all__ = ["Cell", "Experiment", "Node", "Scenario", "run", "size"]

_HOMES = {  # name -> module, and the extra of filmgauge that brings what it needs
    "Cell": ("notebook.cell", "lab"),
    "Experiment": ("lab.experiment", "lab"),
    "Node": ("notebook.nodes", "sim"),
    "Scenario": ("notebook.nodes", "sim"),
    "run": ("notebook.nodes", "sim"),
    "size": ("notebook.sizes", "lab"),
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from filmgauge_sim.notebook.optional import imported

    module, extra = _HOMES[name]
    return getattr(imported(f"{__name__}.{module}", extra, name), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
