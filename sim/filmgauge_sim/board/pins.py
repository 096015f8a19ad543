"""Which pins of a board a node uses: free ones that decide nothing at reset.

`docs/hardware.md` has the same table with the labels that are printed on the boards.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class BoardPins:
    """Where a node of this kind has its parts, as the firmware's configuration numbers pins."""

    scl: int
    sda: int
    gate: int  # high connects the bus input of the INA228
    sensors: int  # high gives both sensors their supply, where they are switched
    disconnect: int  # high opens the switch between cell and shunt
    charge: int  # high lets the charger charge, where it asks


PINS = {
    # ESP32-C3-DevKitM-1. Strapping: 2, 8, 9; flash: 12-17; USB: 18, 19; console: 20, 21. The
    # switch that stays as it is in deep sleep is on a pin of the RTC domain, 0-5.
    "esp32-c3": BoardPins(scl=5, sda=4, gate=6, sensors=7, disconnect=3, charge=10),
    # ESP32-C6-DevKitC-1. Strapping: 4, 5, 8, 9, 15; USB: 12, 13; console: 16, 17; RTC: 0-7.
    "esp32-c6": BoardPins(scl=7, sda=6, gate=10, sensors=11, disconnect=2, charge=3),
    # ESP32-S3-DevKitC-1. Strapping: 0, 3, 45, 46; flash and PSRAM: 26-37; USB: 19, 20; console:
    # 43, 44; light: 38 or 48; RTC: 0-21.
    "esp32-s3": BoardPins(scl=9, sda=8, gate=10, sensors=11, disconnect=12, charge=13),
    # Raspberry Pi Pico W. Its radio has 23, 24, 25 and 29; I2C0 can be on 4 and 5.
    "pico-w": BoardPins(scl=5, sda=4, gate=6, sensors=7, disconnect=8, charge=9),
    # P-NUCLEO-WB55, pins counted 16 to a port: B8, B9, A4, A5, A6, A7.
    "stm32wb55": BoardPins(scl=24, sda=25, gate=4, sensors=5, disconnect=6, charge=7),
}
