"""The values of a board's GATT attributes, as its stack keeps them."""

from collections.abc import Iterable
from dataclasses import dataclass

_VALUE_BYTES = 20  # of an attribute until its buffer is enlarged


@dataclass
class _Value:
    data: bytes = b""
    room: int = _VALUE_BYTES
    appends: bool = False


class AttributeValues:
    """Values by handle; KeyError where a handle is not known."""

    def __init__(self) -> None:
        self._values: dict[int, _Value] = {}

    def define(self, handles: Iterable[int]) -> None:
        """Have empty values of these handles, and no others."""
        self._values = {handle: _Value() for handle in handles}

    def __contains__(self, handle: int) -> bool:
        return handle in self._values

    def get(self, handle: int) -> bytes:
        """Return a value."""
        return self._values[handle].data

    def read(self, handle: int) -> bytes:
        """Return a value; one that appends is emptied."""
        value = self._values[handle]
        data = value.data
        if value.appends:
            value.data = b""
        return data

    def set(self, handle: int, data: bytes) -> None:
        """Set a value, which makes room for it."""
        value = self._values[handle]
        value.data = data
        value.room = max(value.room, len(data))

    def set_buffer(self, handle: int, room: int, appends: bool) -> None:
        """Set how much a peer may write, and whether it is put behind what is there."""
        value = self._values[handle]
        value.room, value.appends = room, appends

    def write(self, handle: int, data: bytes) -> None:
        """Write what a peer has sent, as far as there is room."""
        value = self._values[handle]
        value.data = (value.data + data if value.appends else data)[: value.room]
