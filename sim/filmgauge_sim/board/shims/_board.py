"""What the board says of itself at boot."""

import _link
import _ops
import ustruct

reset_cause, flash_blocks, latency_us, real_wait_ms, unique_id, _port = ustruct.unpack(
    _ops.HELLO_ANSWER, _link.call(_ops.HELLO)
)
port = _ops.PORTS[_port]
