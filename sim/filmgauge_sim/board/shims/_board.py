"""What the board says of itself at boot."""

import _link
import _protocol
import ustruct

hello = _link.call(_protocol.HELLO)
(
    reset_cause,
    flash_pages,
    latency_us,
    real_wait_ms,
    unique_id,
    _port,
    holds_all,
    _date_offset_us,
) = ustruct.unpack_from(_protocol.HELLO_ANSWER, hello)
port = _protocol.PORTS[_port]
