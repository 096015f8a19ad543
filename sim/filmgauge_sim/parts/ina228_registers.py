"""The INA228's registers as far as they are modelled. Source: datasheet SLYS021A, section 7.6."""

from filmgauge_sim.parts.registers import Register

CONFIG = 0x00
ADC_CONFIG = 0x01
SHUNT_CAL = 0x02
VSHUNT = 0x04
VBUS = 0x05
DIETEMP = 0x06
CURRENT = 0x07
CHARGE = 0x0A
DIAG_ALRT = 0x0B
BOVL = 0x0E
MANUFACTURER_ID = 0x3E
DEVICE_ID = 0x3F

REGISTERS: dict[int, Register] = {
    CONFIG: Register(2, 0x0000, 0x3FD0),  # RST and RSTACC clear themselves
    ADC_CONFIG: Register(2, 0xFB68, 0xFFFF),
    SHUNT_CAL: Register(2, 0x1000, 0x7FFF),
    VSHUNT: Register(3),
    VBUS: Register(3),
    DIETEMP: Register(2),
    CURRENT: Register(3),
    CHARGE: Register(5),
    DIAG_ALRT: Register(2, 0x0001, 0xF000),
    BOVL: Register(2, 0x7FFF, 0x7FFF),
    MANUFACTURER_ID: Register(2, 0x5449),
    DEVICE_ID: Register(2, 0x2281),
}

# CONFIG
RST = 0x8000
RSTACC = 0x4000
ADCRANGE = 0x0010
CONVDLY_SHIFT = 6
CONVDLY_MASK = 0xFF
CONVDLY_STEP_US = 2000

# ADC_CONFIG: bit 3 of MODE is continuous, bits 2 to 0 choose the channels
MODE_SHIFT = 12
CONTINUOUS = 0x8
CHANNELS = 0x7
BUS = 0x1
SHUNT = 0x2
TEMPERATURE = 0x4
CONVERSION_US = (50, 84, 150, 280, 540, 1052, 2074, 4120)
AVERAGES = (1, 4, 16, 64, 128, 256, 512, 1024)

# DIAG_ALRT
CHARGEOF = 0x0400
MATHOF = 0x0200
CNVRF = 0x0002
MEMSTAT = 0x0001

# Size of a count (section 6.5)
SHUNT_LSB_UV = (0.3125, 0.078125)  # ADCRANGE 0 and 1
BUS_LSB_UV = 195.3125
TEMPERATURE_COUNTS_PER_C = 128
CODE_MAX = (1 << 19) - 1
CODE_MIN = -(1 << 19)
