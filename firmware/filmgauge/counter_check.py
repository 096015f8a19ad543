"""Whether messages may go on under the keys of a node; loaded where a node with keys boots, but
from its sleep."""

import binascii

from filmgauge.compat import const
from filmgauge.record import FAULT_COUNTER, FAULT_LIFE
from filmgauge.store.counters import LOST, StoredNumber

_COUNTERS = const((("/counter", "ble_key"), ("/commands", "command_key")))


def check_counters(state, config, pages, was_reset=False) -> None:
    """Note in `state` whether a counter of messages under the keys of `config` is lost.

    One of which there is nothing was never used where the memory of the node is whole, or where a
    flashing tool says that node and keys are new. Else nobody knows how far it had come: it stays
    lost until its key is another one. was_reset: the memory of the node has outlived this boot, so
    that nothing is new but its keys, perhaps.
    """
    is_lost = state.faults & FAULT_LIFE
    is_new = state.boot == 1 and not is_lost and not was_reset
    before, state.keys_crc, state.counters_lost = state.keys_crc, 0, 0
    for place, (path, name) in enumerate(_COUNTERS):
        key = getattr(config, name)
        if not key:
            continue
        crc, old = binascii.crc32(key.encode()) & 0xFFFF, before >> 16 * place & 0xFFFF
        state.keys_crc |= crc << 16 * place
        number = pages.stored_number(path) if pages else StoredNumber(path)
        value = number.value
        if value == LOST and (is_new or (old and crc != old)):
            value = 0
        elif not value and is_lost and crc != old:
            value = LOST
        if value != number.value:
            try:
                number.save(value)
            except OSError as error:  # then none can be reserved either
                print("filmgauge:", path, error)
        if value == LOST:
            print("filmgauge: %s: lost, nothing goes under this %s" % (path, name))
            state.counters_lost = 1
            state.faults |= FAULT_COUNTER
