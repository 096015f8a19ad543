"""A cell in the laboratory, and what an experiment on it gave.

cell = Cell("evp-li", area_cm2=1)
result = cell.run("discharge at C/5 to 1.0 V")
result.capacity_uah
result.to_dataframe()
result.plot()
"""

from typing import Any, SupportsIndex

from filmgauge_sim.cell import LifeState
from filmgauge_sim.lab.cycler import Channel
from filmgauge_sim.lab.cycling import Cycle
from filmgauge_sim.lab.experiment import Experiment
from filmgauge_sim.lab.specimen import specimen
from filmgauge_sim.lab.trace import Trace
from filmgauge_sim.notebook.numbers import number, whole
from filmgauge_sim.notebook.optional import imported


class Cell:
    """A simulated cell: experiments act on it one after the other, as on a real one.

    parameter_set: evp-li or pre-li (films), liquid-li-s (the comparison cell), or the path of a
    TOML file with a set. area_cm2: film area. soc: state of charge at the start, 1 is full, which
    it is unless told otherwise; the cell is at rest. as_built: never charged before, so that soc
    can be 0 only, and ageing. ages: formed, and ageing with every cycle; otherwise it is formed
    and stays as it is. capacity_factor: capacity over that of the set. seed: one cell drawn from
    the spread that the set states.

    Raises ParameterError when there is no such set, ValueError naming what is out of bounds; both
    are ValueErrors of one sentence.
    """

    def __init__(
        self,
        parameter_set: str = "evp-li",
        area_cm2: float = 1.0,
        *,
        soc: float | None = None,
        as_built: bool = False,
        ages: bool = False,
        capacity_factor: float = 1.0,
        seed: SupportsIndex | None = None,
    ) -> None:
        soc = float(not as_built) if soc is None else number("soc", soc)
        if as_built and soc > 0.0:
            raise ValueError(f"soc must be 0 with as_built, a cell never charged, not {soc!r}")
        if not 0.0 <= soc <= 1.0:
            raise ValueError(f"soc must be from 0 to 1, not {soc!r}")
        life = LifeState.as_built() if as_built else LifeState.formed() if ages else None
        self.parameter_set = parameter_set
        # The model itself: what an experiment of filmgauge_sim.lab takes.
        self.specimen = specimen(
            parameter_set,
            number("area_cm2", area_cm2),
            soc,
            life=life,
            capacity_factor=number("capacity_factor", capacity_factor),
            seed=None if seed is None else whole("seed", seed),
        )

    def __repr__(self) -> str:
        return f"<Cell {self.parameter_set}, {self.area_cm2:g} cm2, {self.soc:.1%} charged>"

    @property
    def area_cm2(self) -> float:
        """Film area, cm2."""
        return self.specimen.area_cm2

    @property
    def capacity_uah(self) -> float:
        """Charge between empty and full at the cell's present age, uAh."""
        return self.specimen.capacity_uah

    @property
    def soc(self) -> float:
        """Stored charge over the capacity, 1 is full."""
        return self.specimen.stoichiometry

    def voltage_v(self, current_ua: float = 0.0, temperature_c: float = 25.0) -> float:
        """Terminal voltage at this instant under a current (positive charges), volts.

        Raises ValueError for a temperature beyond -40 to 85 degC.
        """
        return self.specimen.voltage_v(
            number("current_ua", current_ua), number("temperature_c", temperature_c)
        )

    def copy(self) -> "Cell":
        """A cell in the same state that goes on by itself."""
        twin = Cell.__new__(Cell)
        twin.parameter_set = self.parameter_set
        twin.specimen = self.specimen.clone()
        return twin

    __copy__ = copy

    def run(
        self, experiment: str | Experiment, temperature_c: float = 25.0, *, strict: bool = False
    ) -> "ExperimentResult":
        """Do an experiment on the cell, which it changes, and record it.

        Every step ends at the window of the cell too; ``cycles`` of the result says what ended it
        (``steps``, with a remark where a step did not do what it says).

        Raises StepError (a ValueError that quotes the step) for what cannot be read, NeverEnds (a
        ValueError) where a voltage is not reached, with ``strict`` StepFault (a ValueError) where
        a step does not do what it says, ValueError for a temperature beyond -40 to 85 degC.
        """
        if isinstance(experiment, str):
            experiment = Experiment(experiment)
        temperature_c = number("temperature_c", temperature_c)
        trace = Trace()
        cycles = list(
            experiment.cycles(Channel(self.specimen, temperature_c, trace), strict=strict)
        )
        which = f"cycles 1 to {len(cycles)}" if len(cycles) > 1 else "cycle 1"
        title = f"{self.parameter_set}, {which}, {temperature_c:g} degC"
        return ExperimentResult(trace, cycles, self.area_cm2, title)


class ExperimentResult:
    """What an experiment recorded: one row a sample, some 60 in each step, denser at its ends.

    trace: the samples per cm2 of film. cycles: charge and discharge (uAh/cm2) of each time that
    the steps were done. title: cell, cycles and temperature, as a plot begins with.
    """

    def __init__(
        self, trace: Trace, cycles: list[Cycle], area_cm2: float, title: str = ""
    ) -> None:
        self.trace = trace
        self.cycles = cycles
        self.area_cm2 = area_cm2
        self.title = title

    def __len__(self) -> int:
        return len(self.trace.samples)

    def __repr__(self) -> str:
        hours = self.trace.time_s / 3600.0
        return f"<ExperimentResult {len(self)} samples, {hours:.3g} h, {len(self.cycles)} times>"

    @property
    def capacity_uah(self) -> float:
        """What the cell gave when the steps were done last, uAh; 0 without a discharge."""
        return self.cycles[-1].discharge_uah_cm2 * self.area_cm2

    @property
    def columns(self) -> dict[str, list[float]]:
        """Lists of one length by the names of Battery Data Format: "Test Time / s",
        "Voltage / V", "Current / A" (positive charges), "Cycle Count / 1", "Step Count / 1",
        "Ambient Temperature / degC", "Net Capacity / Ah" (charge since the start)."""
        return self.trace.columns(self.area_cm2)

    def to_bdf(self) -> str:
        """The text of a CSV file in Battery Data Format."""
        return self.trace.to_bdf(self.area_cm2)

    def to_dataframe(self) -> Any:
        """The columns as a pandas.DataFrame, one row a sample. Raises ModuleNotFoundError, which
        names the extra, without pandas."""
        return imported("pandas", "pandas", "to_dataframe()").DataFrame(self.columns)

    def plot(self, axes: Any = None) -> Any:
        """Voltage over charge of every charge and discharge, a colour a cycle; over time where
        nothing flowed. Draws on matplotlib axes (new ones by default) and returns them. Raises
        ModuleNotFoundError, which names the extra, without matplotlib."""
        if axes is None:
            axes = imported("matplotlib.pyplot", "lab", "plot()").subplots()[1]
        from filmgauge_sim.lab.figures import over_time, profiles

        flowed = any(cycle.charge_uah_cm2 or cycle.discharge_uah_cm2 for cycle in self.cycles)
        (profiles(self.trace) if flowed else over_time(self.trace)).draw(axes)
        axes.set_title(self.title, fontsize=10)
        return axes
