"""What a score draws its cells with beside their families: every modifier by its name."""

from filmgauge_sim.score.modifiers.changing_capacity import CapacityByTemperature, SuddenLoss
from filmgauge_sim.score.modifiers.coulombic_efficiency import EfficiencyByTemperature
from filmgauge_sim.score.modifiers.film_parameters import (
    BentTemperatureLaw,
    SlopingPlateau,
    SoftShort,
    WideEnds,
)
from filmgauge_sim.score.modifiers.modifier import Description, Modifier
from filmgauge_sim.score.modifiers.parallel_pair import TwoInParallel
from filmgauge_sim.score.modifiers.thermal_lag import ThermalLag
from filmgauge_sim.score.modifiers.wrong_description import (
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
