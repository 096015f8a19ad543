"""Messages that no node sends, by the number: what an ingest must refuse and survive.

Each is wrong by construction, so that whoever decodes one without refusing it is wrong.
"""

import json
import random
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from filmgauge.record.record import Record

_SENT = Record(boot=3, seq=70, up_s=4200, soc_ppm=512_345, voltage_uv=2_104_000, faults=0, life=9)
_VALUES: dict[str, Any] = json.loads(_SENT.to_json())
_NUMBERS = [key for key, value in _VALUES.items() if key not in ("v", "faults", "limits")]
_RECORD_LEAVES = ("telemetry", "log")
_WRONG: list[Any] = [
    "12", "", "NaN", [], [1], {}, {"value": 1}, True, False, 1e12, -1e12, 1e300, 10**40, -(10**30),
]  # fmt: skip
_WRONG_WORDS: list[Any] = [
    1,
    "None",
    "gap+",
    "cold",
    "cold:fault+cold:limit",
    [],
    "<b>",
    "\x1b[2J",
]
_NAMES = (
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "'; DROP TABLE records; --",
    "a' OR '1'='1", "..", "%2e%2e", "A", "node_1", "x" * 33, "x" * 60_000, "\u202eabc", "a\u0000b",
    "", " a", "{{7*7}}", "${jndi:ldap://x}", "$SYS", "a\nb", "\U0001f50b",
)  # fmt: skip
_OTHER_TOOLS: tuple[tuple[str, Any], ...] = (
    ("zigbee2mqtt/0x00158d0001", {"battery": 97, "voltage": 2995, "linkquality": 87}),
    ("zigbee2mqtt/bridge/state", {"state": "online"}),
    ("tele/plug/SENSOR", {"Time": "2026-01-01T00:00:00", "ENERGY": {"Power": 12, "Total": 1.5}}),
    ("tele/plug/LWT", "Online"),
    ("stat/plug/RESULT", {"POWER": "ON"}),
    ("homeassistant/sensor/a/config", {"name": "a", "state_topic": "x", "device": {"ids": ["a"]}}),
    ("homeassistant/status", "online"),
    ("shellies/plug/relay/0/power", "12.34"),
    ("esphome/node/sensor/battery/state", "3.71"),
    ("homie/a/$state", "ready"),
    ("spBv1.0/group/NDATA/node", b"\x08\xd2\x85\xd8\xcc\x04\x12\x0a\x0a\x01a\x20\x0a\x65\x00\x00"),
    ("v1/devices/me/telemetry", {"ts": 1_451_649_600_512, "values": {"v": 4, "boot": 1}}),
    ("owntracks/me/phone", {"_type": "location", "batt": 63, "lat": 1.0, "lon": 2.0}),
    ("$SYS/broker/uptime", "12 seconds"),
    ("bluetooth/00:11", {"id": "00:11", "rssi": -60, "servicedata": "44004aff"}),
)


def bad_messages(count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Yield (topic, payload), all of them to be refused; the same for the same seed."""
    return islice(_endless(random.Random(seed)), count)


def _endless(chance: random.Random) -> Iterator[tuple[str, bytes]]:
    makers = [maker for maker, weight in _MAKERS for _ in range(weight)]
    while True:
        topic, payload = chance.choice(makers)(chance)
        if not isinstance(payload, bytes):
            text = payload if isinstance(payload, str) else json.dumps(payload)
            payload = text.encode("utf-8", "surrogatepass")
        yield topic, payload


def _own(chance: random.Random, leaves: tuple[str, ...] = _RECORD_LEAVES) -> str:
    return f"filmgauge/good-{chance.randrange(5)}/{chance.choice(leaves)}"


def _wrong_field(chance: random.Random) -> tuple[str, Any]:
    values = dict(_VALUES)
    for key in chance.sample(_NUMBERS, chance.randint(1, 3)):
        values[key] = chance.choice(_WRONG)
    return _own(chance), values


def _wrong_words(chance: random.Random) -> tuple[str, Any]:
    return _own(chance), {
        **_VALUES,
        chance.choice(["faults", "limits"]): chance.choice(_WRONG_WORDS),
    }


def _missing(chance: random.Random) -> tuple[str, Any]:
    key = chance.choice(["v", "boot", "seq", "up_s", "life"])
    return _own(chance), {name: value for name, value in _VALUES.items() if name != key}


def _no_number(chance: random.Random) -> tuple[str, Any]:
    key, word = chance.choice(_NUMBERS), chance.choice(["NaN", "Infinity", "-Infinity", "1e999"])
    text = json.dumps({**_VALUES, key: "HERE"})
    return _own(chance), text.replace('"HERE"', word)


def _version(chance: random.Random) -> tuple[str, Any]:
    version = chance.choice([None, "5", 0, 1, 2, 6, 44, -4, 4.5, [4], {"v": 4}, 2**63])
    return _own(chance), {**_VALUES, "v": version}


def _torn(chance: random.Random) -> tuple[str, Any]:
    whole = _SENT.to_json()
    return _own(chance), whole[: chance.randrange(len(whole))]


def _binary(chance: random.Random) -> tuple[str, Any]:
    return _own(chance), b"\xfe" + chance.randbytes(chance.choice([1, 20, 128, 2000]))


def _nested(chance: random.Random) -> tuple[str, Any]:
    depth = chance.choice([10, 1000, 30_000])
    opened, closed = chance.choice([("[", "]"), ('{"a":', "}"), ('{"v":4,"boot":', "}")])
    return _own(
        chance, ("telemetry", "log", "status", "info")
    ), opened * depth + "1" + closed * depth


def _long(chance: random.Random) -> tuple[str, Any]:
    size = chance.choice([65_537, 200_000, 1 << 20])
    return _own(chance, ("telemetry", "log", "last", "status", "info")), b"x" * size


def _compact(chance: random.Random) -> tuple[str, Any]:
    data = bytearray(_SENT.to_bytes())
    data[chance.randrange(128)] ^= chance.randint(1, 255)
    cut = chance.choice([0, 1, 64, 127, 128])
    return _own(chance, ("telemetry/compact", "log/compact")), bytes(data[:cut] if cut else data)


def _status(chance: random.Random) -> tuple[str, Any]:
    state = chance.choice(["dead", "", 1, None, ["online"], "Online", "<b>", {"state": "online"}])
    seconds = chance.choice([-1, 1e12, "300", True, [], float("nan")])
    bad: list[Any] = [
        {"state": state},
        {"state": "online", "next_report_s": seconds},
        "x",
        [state],
    ]
    return _own(chance, ("status",)), chance.choice(bad)


def _info(chance: random.Random) -> tuple[str, Any]:
    return _own(chance, ("info",)), chance.choice(
        [{"a": {"b": {}}}, {"a": [1]}, [], "text", 7, None, True]
    )


def _foreign_name(chance: random.Random) -> tuple[str, Any]:
    leaf = chance.choice(["telemetry", "log", "last", "status", "info"])
    return f"filmgauge/{chance.choice(_NAMES)}/{leaf}", _VALUES


def _wrong_leaf(chance: random.Random) -> tuple[str, Any]:
    leaf = chance.choice(["Telemetry", "event", "", "telemetry/x", "x" * 100, "compact", "a/b/c"])
    return _own(chance, (leaf,)), _VALUES


def _other_tool(chance: random.Random) -> tuple[str, Any]:
    topic, payload = chance.choice(_OTHER_TOOLS)
    if chance.random() < 0.5 and payload != {"state": "online"}:
        topic = _own(chance, ("telemetry", "log", "status", "telemetry/compact"))
    return topic, payload


_Maker = Callable[[random.Random], tuple[str, Any]]
_MAKERS: tuple[tuple[_Maker, int], ...] = (
    (_wrong_field, 30), (_wrong_words, 8), (_missing, 5), (_no_number, 8), (_version, 6),
    (_torn, 8), (_binary, 8), (_nested, 4), (_long, 1), (_compact, 8), (_status, 6),
    (_info, 4),
    (_foreign_name, 10), (_wrong_leaf, 4), (_other_tool, 15),
)  # fmt: skip
