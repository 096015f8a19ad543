"""Keeps bumble from writing out every packet for a debug log that nobody reads.

It formats and colours each HCI and ATT packet on both sides of every link before it asks whether
the log takes it, and looks each UUID up in a list of hundreds: together half of what a virtual
connection costs. With `bumble` logging at DEBUG when this is imported, packets are written out.
"""

import logging
from typing import Any

from bumble import att, controller, core, hci, host

_PACKETS = (
    hci.HCI_Command,
    hci.HCI_Event,
    hci.HCI_Command_Complete_Event,
    hci.HCI_AclDataPacket,
    att.ATT_PDU,
    att.ATT_Find_Information_Response,
    att.ATT_Read_By_Type_Response,
    att.ATT_Read_By_Group_Type_Response,
)
_COLOURING = (controller, host)

_registered: dict[bytes, core.UUID] = {}


def _name(packet: Any) -> str:
    return type(packet).__name__


def _plain(text: str, *_colours: object, **_styles: object) -> str:
    return text


def _register(uuid: core.UUID) -> core.UUID:
    """Return the one UUID of this value, as `UUID.register` does; the first name stays."""
    known = _registered.setdefault(uuid.uuid_128_bytes, uuid)
    if known.name is None:
        known.name = uuid.name
    if known is uuid:
        core.UUID.UUIDS.append(uuid)
    return known


if not logging.getLogger("bumble").isEnabledFor(logging.DEBUG):
    for _packet in _PACKETS:
        _packet.__str__ = _name  # type: ignore[method-assign]
    for _module in _COLOURING:
        _module.color = _plain  # type: ignore[attr-defined]
for _uuid in core.UUID.UUIDS:
    _registered.setdefault(_uuid.uuid_128_bytes, _uuid)
core.UUID.register = _register  # type: ignore[method-assign]
