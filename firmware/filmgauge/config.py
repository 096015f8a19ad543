"""The node's configuration: JSON on the board, checked when it is read.

config = Config.from_json(text)     # ValueError: one sentence on what is wrong
config.sample_s, config.mqtt_host, ...
"""

import json
from binascii import unhexlify

from filmgauge.compat import const, table

_NODE_MAX = const(32)
_REQUIRED = const(b"-")
_NODE_CHARACTERS = const("abcdefghijklmnopqrstuvwxyz0123456789-")

# name, default (-: must be given, _: empty), smallest, largest; text has bounds on its
# length. As one text, which takes a quarter of the heap that tuples take; of bytes, since for
# each piece of a text an interpreter searches all names that it knows.
_NUMBERS = const(
    b"sample_s 60 1 86400\n"  # from one wake to the next
    b"report_every 5 1 1440\n"  # wakes between two reports
    b"report_most 0 0 1440\n"  # at most, where the node plans them; 0: always the same
    b"journal_every 60 1 1440\n"  # wakes between two saves to flash
    b"shunt_mohm 1000000 20000 100000000\n"
    b"ina228_address 64 64 79\n"
    b"tmp117_address 72 72 75\n"
    b"i2c_hz 400000 10000 1000000\n"
    b"pin_scl - 0 63\n"
    b"pin_sda - 0 63\n"
    b"pin_gate - 0 63\n"  # high connects the bus input of the sensor to the cell
    b"pin_disconnect -1 -1 63\n"  # high opens the switch between cell and shunt; -1: none
    b"pin_charge -1 -1 63\n"  # high lets the charger charge; -1: nobody asks the node
    b"zero_every 0 0 65535\n"  # wakes from one look at the sensor's zero to the next; 0: never
    b"shed 0 0 1\n"  # 1: a node that lives from its cell does less as it runs low
    b"pin_sensors -1 -1 63\n"  # high gives the sensors their supply; -1: they always have it
    # With pin_sensors nothing counts between samples; what the node takes is booked from these:
    b"own_nw 0 0 1000000000\n"  # asleep, out of the buffer capacitor
    b"wake_nj 0 0 2000000000\n"  # of a wake with a full sample, out of the buffer capacitor
    b"glance_nj 0 0 2000000000\n"  # of a wake that only asks whether the current has changed
    b"report_nj 0 0 2000000000\n"  # of the radio for a report, besides what is counted below
    b"advert_nj 0 0 2000000000\n"  # of one advertisement
    b"event_nj 0 0 2000000000\n"  # of one connection event
    b"awake_uw 0 0 2000000000\n"  # of the processor awake for the radio's sake
    b"waking_nj 0 0 2000000000\n"  # of each time that it comes awake for it
    b"pin_supply -1 -1 63\n"  # an analog input that follows the buffer capacitor; -1: none
    b"save_level 0 0 65535\n"  # what it must read for a save: less does not cover one
    b"look_every 1 1 1440\n"  # wakes from one full sample to the next, while nothing changes
    b"refill_ppm 870000 10000 1000000\n"  # efficiency from the cell to the capacitor
    b"divider_ohm 1000000 10000 1000000000\n"  # what the bus input draws while connected
    b"initial_soc_ppm 500000 0 1000000\n"
    b"initial_sigma_ppm 250000 0 1000000\n"
    b"cell_new 0 0 1\n"  # 1: the cell was never charged
    b"cell_number 0 0 65535\n"  # another one tells the node that it has got another cell
    b"load_na 0 0 2000000000\n"  # load of the available charge; 0: C/20 of the profile
    b"mqtt_port 1883 1 65535\n"
    b"mqtt_tls 0 0 1\n"  # 1: the broker proves who it is: /ca.der or mqtt_pin
    b"mqtt_timeout_ms 5000 100 60000\n"  # the longest wait for the broker
    b"wifi_timeout_ms 10000 100 60000\n"
    b"ble_advertise_ms 0 0 25000\n"  # of each report, where there is no Wi-Fi; 0: never
    b"ble_interval_ms 500 20 10240\n"  # between two advertisements
    b"ble_idle_ms 10000 500 60000\n"  # the longest silence of a peer; it finds services unheard
    b"ble_connected_ms 60000 0 600000\n"  # the longest connection; 0: takes none
    b"ble_awake_ms 0 0 60000\n"  # the longest work for a peer that the supply bears; 0: any
    b"backlog 256 1 1024\n"  # records kept while the broker is away
    b"backlog_per_report 32 1 256\n"  # records sent from it in one wake
    b"update_pieces 16 1 256"  # of 1024 bytes, of a new version, fetched in one wake
)
_TEXTS = const(
    b"node - 1 32\n"
    b"wifi_ssid _ 0 32\n"
    b"wifi_password _ 0 64\n"
    b"mqtt_host _ 0 253\n"
    b"mqtt_user _ 0 64\n"
    b"mqtt_password _ 0 64\n"
    b"mqtt_password_next _ 0 64\n"  # for a broker that refuses the other one: while it is changed
    b"mqtt_pin _ 0 64\n"  # 64 hexadecimal digits: SHA-256 of the broker's public key
    b"ble_key _ 0 32\n"  # 32 hexadecimal digits encrypt what is advertised
    b"command_key _ 0 32\n"  # 32 hexadecimal digits vouch for commands
    b"update_key _ 0 64"  # 64 hexadecimal digits: with it versions are signed; no secret
)
SECRETS = ("wifi_password", "mqtt_password", "mqtt_password_next", "ble_key", "command_key")
KEYS = SECRETS[3:]
_KEY_SIZE = const(16)
_DIGESTS = ("mqtt_pin", "update_key")  # as long as a SHA-256
_DIGEST_SIZE = const(32)


class Config:
    """Attributes are the names of `numbers()` and `texts()`."""

    def __init__(self, **values):
        """Take the values by name; raise ValueError naming the one that is wrong."""
        for rows, kind, wrong_with in (
            (_NUMBERS, int, _wrong_number),
            (_TEXTS, _empty, _wrong_text),
        ):
            for row in rows.split(b"\n"):
                name, default, bounds = row.split(b" ", 2)
                name = str(name, "ascii")
                value = values.pop(name, default)
                wrong = None
                if value is None or (value is default and default == _REQUIRED):
                    wrong = "is missing"
                elif value is default:  # which is within its bounds
                    value = kind(default)
                else:
                    low, high = bounds.split()
                    wrong = wrong_with(value, int(low), int(high))
                if wrong:
                    raise ValueError("configuration key %s %s" % (name, wrong))
                setattr(self, name, value)
        check_node(getattr(self, "node"))  # noqa: B009
        for name in KEYS:
            if getattr(self, name):
                key_bytes("configuration key " + name, getattr(self, name))
        for name in _DIGESTS:
            if getattr(self, name):
                key_bytes("configuration key " + name, getattr(self, name), _DIGEST_SIZE)
        for name in values:
            raise ValueError("configuration has no key %s" % name)

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
        values.pop("crc", None)  # of the text, for config_copy.py to compare
        return cls(**values)


def check_node(name: str) -> str:
    """Return `name`, or raise ValueError when it cannot be a node's name."""
    if not 1 <= len(name) <= _NODE_MAX:
        raise ValueError("node must have 1 to 32 characters")
    for character in name:
        if character not in _NODE_CHARACTERS:
            raise ValueError("node may have a-z, 0-9 and - only, not %r" % character)
    return name


def key_bytes(name: str, text: str, size: int = _KEY_SIZE) -> bytes:
    """Return the bytes of a key; ValueError, `name` in it, unless `text` has twice as many
    hexadecimal digits. The text is not repeated: it may be a secret."""
    try:
        key = unhexlify(text)
    except ValueError:
        key = b""
    if len(key) != size:
        raise ValueError("%s must be %d hexadecimal digits" % (name, 2 * size))
    return key


def _rows(table, kind):
    for row in table.split(b"\n"):  # a row at a time: all words together would take 4 KB
        name, default, low, high = row.split()
        yield (
            str(name, "ascii"),
            None if default == _REQUIRED else kind(default),
            int(low),
            int(high),
        )


def _empty(word):
    return ""


# In turn: name, default (None: must be given), smallest and largest value, or least and most
# characters.
numbers = table(lambda: _rows(_NUMBERS, int))
texts = table(lambda: _rows(_TEXTS, _empty))


def _wrong_number(value, low, high):
    """Return what is wrong with a number, None for nothing."""
    if isinstance(value, bool) or not isinstance(value, int):
        return "must be an integer, not %r" % (value,)
    return None if low <= value <= high else "must be %d to %d, not %d" % (low, high, value)


def _wrong_text(value, low, high):
    """Return what is wrong with a text, None for nothing; it may be a secret."""
    if not isinstance(value, str):
        return "must be text"
    return None if low <= len(value) <= high else "must have %d to %d characters" % (low, high)
