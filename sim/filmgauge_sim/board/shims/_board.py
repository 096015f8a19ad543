"""What the board says of itself at boot."""

import _link
import _protocol
import ustruct

reset_cause, flash_blocks, latency_us, real_wait_ms, unique_id, _port = ustruct.unpack(
    _protocol.HELLO_ANSWER, _link.call(_protocol.HELLO)
)
port = _protocol.PORTS[_port]
