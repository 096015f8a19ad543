"""The node's configuration: JSON on the board, checked when it is read.

config = Config.from_json(text)     # ValueError: one sentence on what is wrong
config.sample_s, config.mqtt_host, ...
"""

import json

from filmgauge.report.topics import check_node

# name, default (None: must be given), smallest, largest; text has bounds on its length
NUMBERS = (
    ("sample_s", 60, 1, 86400),  # from one wake to the next
    ("report_every", 5, 1, 1440),  # wakes between two reports
    ("journal_every", 60, 1, 1440),  # wakes between two saves to flash
    ("shunt_mohm", 1000000, 20000, 100000000),
    ("ina228_address", 0x40, 0x40, 0x4F),
    ("tmp117_address", 0x48, 0x48, 0x4B),
    ("i2c_hz", 400000, 10000, 1000000),
    ("pin_scl", None, 0, 63),
    ("pin_sda", None, 0, 63),
    ("pin_gate", None, 0, 63),  # high connects the bus input of the sensor to the cell
    ("pin_disconnect", -1, -1, 63),  # high opens the switch between cell and shunt; -1: none
    ("pin_charge", -1, -1, 63),  # high lets the charger charge; -1: nobody asks the node
    ("zero_every", 0, 0, 65535),  # wakes from one look at the sensor's zero to the next; 0: never
    ("shed", 0, 0, 1),  # 1: a node that lives from its cell does less as it runs low
    ("pin_sensors", -1, -1, 63),  # high gives the sensors their supply; -1: they always have it
    # With pin_sensors nothing counts between samples; what the node takes is booked from these:
    ("own_nw", 0, 0, 1000000000),  # asleep, out of the buffer capacitor
    ("wake_nj", 0, 0, 2000000000),  # of one wake, out of the buffer capacitor
    ("refill_ppm", 870000, 10000, 1000000),  # efficiency from the cell to the capacitor
    ("divider_ohm", 1000000, 10000, 1000000000),  # what the bus input draws while connected
    ("initial_soc_ppm", 500000, 0, 1000000),
    ("initial_sigma_ppm", 250000, 0, 1000000),
    ("cell_new", 0, 0, 1),  # 1: the cell was never charged
    ("load_na", 0, 0, 2000000000),  # load of the available charge; 0: C/20 of the profile
    ("mqtt_port", 1883, 1, 65535),
    ("mqtt_timeout_ms", 5000, 100, 60000),  # the longest wait for the broker
    ("wifi_timeout_ms", 10000, 100, 60000),
    ("ble_advertise_ms", 0, 0, 25000),  # of each report, where there is no Wi-Fi; 0: never
    ("ble_interval_ms", 500, 20, 10240),  # between two advertisements
    ("ble_idle_ms", 10000, 500, 60000),  # the longest silence of a peer; it finds services unheard
    ("ble_connected_ms", 60000, 0, 600000),  # the longest connection; 0: takes none
    ("ble_awake_ms", 0, 0, 60000),  # the longest work for a peer that the supply bears; 0: any
    ("backlog", 256, 1, 1024),  # records kept while the broker is away
    ("backlog_per_report", 32, 1, 256),  # records sent from it in one wake
)
TEXTS = (
    ("node", None, 1, 32),
    ("wifi_ssid", "", 0, 32),
    ("wifi_password", "", 0, 63),
    ("mqtt_host", "", 0, 253),
    ("mqtt_user", "", 0, 64),
    ("mqtt_password", "", 0, 64),
    ("ble_key", "", 0, 32),  # 32 hexadecimal digits encrypt what is advertised
    ("command_key", "", 0, 32),  # 32 hexadecimal digits vouch for commands
)


class Config:
    """Attributes are the names in NUMBERS and TEXTS."""

    def __init__(self, **values):
        """Take the values by name; raise ValueError naming the one that is wrong."""
        for name, default, low, high in NUMBERS:
            setattr(self, name, _number(name, values.pop(name, default), low, high))
        for name, default, low, high in TEXTS:
            setattr(self, name, _text(name, values.pop(name, default), low, high))
        self.node = check_node(getattr(self, "node"))  # noqa: B009
        for name in values:
            raise ValueError("configuration has no key %s" % name)

    def require(self, *names) -> None:
        """Raise ValueError unless the texts of these names have been given."""
        for name in names:
            if not getattr(self, name):
                raise ValueError("configuration key %s is missing" % name)

    @classmethod
    def from_json(cls, text) -> "Config":
        """Read a JSON object; raise ValueError naming what is wrong."""
        try:
            values = json.loads(text)
        except ValueError:
            raise ValueError("configuration is not JSON") from None
        if not isinstance(values, dict):
            raise ValueError("configuration must be a JSON object")
        if "self" in values:  # not a name that can be passed on
            raise ValueError("configuration has no key self")
        return cls(**values)


def _number(name, value, low, high):
    if value is None:
        raise ValueError("configuration key %s is missing" % name)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("configuration key %s must be an integer, not %r" % (name, value))
    if not low <= value <= high:
        raise ValueError(
            "configuration key %s must be %d to %d, not %d" % (name, low, high, value)
        )
    return value


def _text(name, value, low, high):
    if value is None:
        raise ValueError("configuration key %s is missing" % name)
    if not isinstance(value, str):
        raise ValueError("configuration key %s must be text" % name)
    if not low <= len(value) <= high:
        raise ValueError("configuration key %s must have %d to %d characters" % (name, low, high))
    return value
