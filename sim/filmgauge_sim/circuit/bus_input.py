"""What the voltage input of the sensor draws from a cell while the gate connects it."""

from filmgauge_sim.cell import FilmCell

_HALVINGS = 40


def breaks_down(cell: FilmCell, current_ua: float, temperature_c: float) -> bool:
    """Whether a film is so exhausted that its voltage gives way under a current."""
    return cell.voltage_v(current_ua, temperature_c) <= 0.0


def exhausted_ua(
    cell: FilmCell, current_ua: float, temperature_c: float, input_ohm: float, most_ua: float
) -> float:
    """Return what an input draws, uA, beside a current from a cell that breaks down under
    most_ua of it: as much as the voltage that is left drives."""
    least_ua = 0.0
    for _ in range(_HALVINGS):
        drain_ua = 0.5 * (least_ua + most_ua)
        left_v = cell.voltage_v(current_ua - drain_ua, temperature_c)
        if 1e6 * left_v > drain_ua * input_ohm:
            least_ua = drain_ua
        else:
            most_ua = drain_ua
    return least_ua
