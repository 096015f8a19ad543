"""The GATT table: what a node registers before it advertises, and the handles it gets.

    battery, device, own = register(bluetooth, ble)     # handles in the order of the tables

Only this is needed while nobody is connected; values are made when a central has come.
"""

from filmgauge.compat import const

READ = const(0x02)
WRITE = const(0x08)
NOTIFY = const(0x10)
INDICATE = const(0x20)
WRITE_ENCRYPTED = const(0x1000)

_BATTERY_SERVICE = const(0x180F)
_DEVICE_INFORMATION = const(0x180A)
OWN_UUID = "6f10%04x-9d3c-4b52-8e71-66696c6d6761"
OWN_SERVICE = const(0x0001)

# Characteristics of Battery Service 1.1 in the order of battery_service.values
BATTERY = (
    (0x2A19, READ | NOTIFY),  # level
    (0x2BED, READ),  # level status
    (0x2BEA, READ),  # health status
    (0x2BEB, READ),  # health information
    (0x2BEC, READ),  # information
    (0x2BEE, READ),  # time status
    (0x2BE9, READ | INDICATE),  # critical status
    (0x2BEF, READ),  # service date
    (0x2BF0, READ),  # energy status
)
CRITICAL = const(6)  # of them: the one that is indicated
# manufacturer name, model number, serial number, firmware revision
DEVICE = ((0x2A29, READ), (0x2A24, READ), (0x2A25, READ), (0x2A26, READ))
# The node's own: their indices in `own`, and their numbers from OWN_FIRST on
OWN_FIRST = const(2)
RECORD = const(0)
LEDGER = const(1)
ENERGY = const(2)
STATE = const(3)
LOG_REQUEST = const(4)
LOG_DATA = const(5)
COMMAND = const(6)
SECURE = const(7)
REPLY = const(8)
CONFIGURATION = const(9)
_OWN_FLAGS = (
    READ | NOTIFY,
    READ,
    READ,
    READ,
    WRITE,
    NOTIFY,
    WRITE,
    WRITE | WRITE_ENCRYPTED,
    READ | NOTIFY,
    READ,
)
COMMAND_ROOM = const(288)  # more than the longest frame: one that is longer is told, not cut


def register(bluetooth, ble):
    """Register the three services; return a tuple of handles for each. OSError from the stack."""
    uuid = bluetooth.UUID
    own = [(uuid(OWN_UUID % (OWN_FIRST + i)), _OWN_FLAGS[i]) for i in range(len(_OWN_FLAGS))]
    found = ble.gatts_register_services(
        (
            (uuid(_BATTERY_SERVICE), [(uuid(number), flags) for number, flags in BATTERY]),
            (uuid(_DEVICE_INFORMATION), [(uuid(number), flags) for number, flags in DEVICE]),
            (uuid(OWN_UUID % OWN_SERVICE), own),
        )
    )
    ble.gatts_set_buffer(found[2][COMMAND], COMMAND_ROOM)
    ble.gatts_set_buffer(found[2][SECURE], COMMAND_ROOM)
    return found
