"""A record's payload straight into the values of a store's row, without an object in between.

    values = json_values(payload)       # in the order of received_record.FIELDS

The type that msgspec checks while it reads is made from the fields of a record, their bounds
included. What it does not accept as it stands is read again by decoding/record_json.py, which
alone says what a record is and what is wrong with one that is refused.
"""

from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from filmgauge.decoding.record_json import fault_bits, limit_word, record_from_json
from filmgauge.record.record import VERSION, Record, fields
from filmgauge_host.telemetry.received_record import FIELDS

_ALWAYS = ("boot", "seq", "up_s", "life")
_WORDS_REMEMBERED = 4096  # a fleet says far fewer different ones


def json_values(payload: bytes) -> list[int | None]:
    """Return the values of a record that was written by `Record.to_json`.

    Raises ValueError naming the field that is wrong, RecursionError for JSON nested too deeply.
    """
    try:
        _, *values = msgspec.structs.astuple(_DECODER.decode(payload))
        for place, words in _IN_WORDS:
            values[place] = words[values[place]]
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return record_from_json(payload).values()
    for place, scale in _SCALES:
        value = values[place]
        if value is not None:
            values[place] = round(value * scale)
    return values


def compact_values(payload: bytes) -> list[int | None]:
    """Return the values of a record that was written by `Record.to_bytes`; raise ValueError."""
    return Record.from_bytes(payload).values()


class _Words(dict[str | None, int | None]):
    """The integers of words that were parsed before."""

    def __init__(self, parse: Callable[[str], int]) -> None:
        super().__init__({None: None})
        self._parse = parse

    def __missing__(self, text: str) -> int:
        value = self._parse(text)
        if len(self) < _WORDS_REMEMBERED:
            self[text] = value
        return value


_PARSERS: dict[str, Callable[[str], int]] = {"faults": fault_bits, "limits": limit_word}
_IN_WORDS = [(FIELDS.index(name), _Words(parse)) for name, parse in _PARSERS.items()]
_SCALES = [(place, 10.0**digits) for place, (_, _, digits, *_) in enumerate(fields()) if digits]


def _field_type(name: str, digits: int, low: int, high: int) -> Any:
    if name in _PARSERS:
        return str | None
    bounded: Any = Annotated[int, Meta(ge=low, le=high)]
    if digits:
        bounded = Annotated[float, Meta(ge=low / 10**digits, le=high / 10**digits)]
    return bounded if name in _ALWAYS else bounded | None


def _record_type() -> type[msgspec.Struct]:
    """Return the type of a record's JSON: "v", then the fields in their order."""
    members: list[Any] = [("v", Annotated[int, Meta(ge=VERSION - 1, le=VERSION)])]
    for name, _, digits, low, high in fields():
        member = (name, _field_type(name, digits, low, high))
        members.append(member if name in _ALWAYS else (*member, None))
    keys = {name: key for name, key, *_ in fields()}
    return msgspec.defstruct(
        "RecordJson", members, kw_only=True, rename=keys, forbid_unknown_fields=True, gc=False
    )


_DECODER = msgspec.json.Decoder(_record_type())
