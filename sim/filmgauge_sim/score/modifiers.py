"""What a score draws its cells with beside their families: every modifier by its name."""

from filmgauge_sim.score.changing_capacity import CapacityByTemperature, SuddenLoss
from filmgauge_sim.score.coulombic_efficiency import EfficiencyByTemperature
from filmgauge_sim.score.film_parameters import (
    BentTemperatureLaw,
    SlopingPlateau,
    SoftShort,
    WideEnds,
)
from filmgauge_sim.score.modifier import Description, Modifier
from filmgauge_sim.score.parallel_pair import TwoInParallel
from filmgauge_sim.score.thermal_lag import ThermalLag
from filmgauge_sim.score.wrong_description import (
    SensorOff,
    WrongArea,
    WrongKind,
    WrongShunt,
)

__all__ = ["MODIFIERS", "PLAIN", "Description", "Modifier"]

PLAIN = Modifier()
MODIFIERS: dict[str, Modifier] = {
    each.name: each
    for each in (
        WideEnds(),
        SlopingPlateau(),
        BentTemperatureLaw(),
        CapacityByTemperature(),
        ThermalLag(),
        SensorOff(),
        EfficiencyByTemperature(),
        SoftShort(),
        SuddenLoss(),
        TwoInParallel(),
        WrongArea(),
        WrongKind(),
        WrongShunt(),
    )
}
