"""An INA228 on a bus with 1 kohm, and the datasheet's numbers as fractions.

Nothing here comes from the simulator's own tables: registers, counts and times are written down
again from the datasheet (SLYS021A, section numbers beside them), so that a wrong table is found.
"""

from fractions import Fraction

from filmgauge_sim.parts.bus import I2CBus
from filmgauge_sim.parts.ina228 import Ina228
from filmgauge_sim.parts.ina228_errors import Ina228Errors

# Section 7.6
CONFIG, ADC_CONFIG, SHUNT_CAL = 0x00, 0x01, 0x02
VSHUNT, VBUS, DIETEMP, CURRENT, CHARGE, DIAG_ALRT = 0x04, 0x05, 0x06, 0x07, 0x0A, 0x0B
WIDTHS = {VSHUNT: 3, VBUS: 3, CURRENT: 3, CHARGE: 5}
RANGE_LOW = 1 << 4  # ADCRANGE

# Section 6.5, in uV and us
SHUNT_LSB = (Fraction(3125, 10000), Fraction(78125, 1000000))
BUS_LSB = Fraction(1953125, 10000)
TIMES = (50, 84, 150, 280, 540, 1052, 2074, 4120)
AVERAGES = (1, 4, 16, 64, 128, 256, 512, 1024)
START_UP, WAKE = 300, 60

SHUTDOWN, BUS, SHUNT, TEMPERATURE, CONTINUOUS = 0, 1, 2, 4, 8


def adc(mode: int, bus: int = 7, shunt: int = 7, temperature: int = 7, average: int = 0) -> int:
    """ADC_CONFIG from its fields (section 7.6.1.2)."""
    return mode << 12 | bus << 9 | shunt << 6 | temperature << 3 | average


def nearest(value: Fraction) -> int:
    """Nearest whole number, half up."""
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)


class Bench:
    """One part, switched on at time 0, and a clock."""

    def __init__(
        self,
        errors: Ina228Errors | None = None,
        shunt_ohm: float = 1000.0,
        seed: int = 0,
        config: int = RANGE_LOW,
    ) -> None:
        self.ina = Ina228(shunt_ohm, errors or Ina228Errors.ideal(), seed=seed)
        self.bus = I2CBus()
        self.bus.attach(self.ina)
        self.now = 0
        self.ina.power(True, 0)
        if config:
            self.write(CONFIG, config)

    def write(self, register: int, word: int) -> None:
        self.bus.write(0x40, register, word.to_bytes(2, "big"), self.now)

    def start(self, word: int, config: int | None = None) -> None:
        """Let the start-up pass in shutdown, then write ADC_CONFIG and let the wake time pass."""
        if config is not None:
            self.write(CONFIG, config)
        self.write(ADC_CONFIG, adc(SHUTDOWN))
        self.run(START_UP)
        self.write(ADC_CONFIG, word)
        self.run(WAKE)

    def run(
        self,
        us: int,
        current: float = 0.0,
        bus: float = 2.0,
        bus_end: float | None = None,
        celsius: float = 25.0,
    ) -> None:
        self.now += us
        self.ina.advance(self.now, current, bus, bus if bus_end is None else bus_end, celsius)

    def raw(self, register: int) -> int:
        width = WIDTHS.get(register, 2)
        return int.from_bytes(self.bus.read(0x40, register, width, self.now), "big")

    def signed(self, register: int) -> int:
        bits = 8 * WIDTHS.get(register, 2)
        value = self.raw(register)
        return value - (1 << bits) if value >> (bits - 1) else value

    def code(self, register: int) -> int:
        """A signed 20-bit result; its four lowest bits must be 0."""
        value = self.signed(register)
        assert value & 0xF == 0
        return value >> 4

    def everything(self) -> dict[int, int]:
        """Every register, flags last because reading clears them."""
        registers = [*range(3), VSHUNT, VBUS, DIETEMP, CURRENT, CHARGE, 0x0E, 0x3E, 0x3F]
        registers.append(DIAG_ALRT)
        return {register: self.raw(register) for register in registers}
