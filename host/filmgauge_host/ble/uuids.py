"""UUIDs of what a node serves and advertises, as text; docs/bluetooth.md tells the values."""

from filmgauge.uplink.ble import gatt
from filmgauge.uplink.ble.uplink import COMPANY as COMPANY

BASE = "-0000-1000-8000-00805f9b34fb"  # what an assigned number stands before
_SHORT = "0000{:04x}" + BASE
BTHOME = _SHORT.format(0xFCD2)  # service data


def _own(number: int) -> str:
    return gatt.OWN_UUID % number


SERVICE = _own(gatt.OWN_SERVICE)
RECORD = _own(gatt.OWN_FIRST + gatt.RECORD)
LEDGER = _own(gatt.OWN_FIRST + gatt.LEDGER)
ENERGY = _own(gatt.OWN_FIRST + gatt.ENERGY)
STATE = _own(gatt.OWN_FIRST + gatt.STATE)
LOG_REQUEST = _own(gatt.OWN_FIRST + gatt.LOG_REQUEST)
LOG_DATA = _own(gatt.OWN_FIRST + gatt.LOG_DATA)
COMMAND = _own(gatt.OWN_FIRST + gatt.COMMAND)
SECURE_COMMAND = _own(gatt.OWN_FIRST + gatt.SECURE)
REPLY = _own(gatt.OWN_FIRST + gatt.REPLY)
CONFIGURATION = _own(gatt.OWN_FIRST + gatt.CONFIGURATION)

BATTERY = tuple(_SHORT.format(number) for number, _ in gatt.BATTERY)
MANUFACTURER, MODEL, SERIAL, FIRMWARE = (_SHORT.format(number) for number, _ in gatt.DEVICE)
