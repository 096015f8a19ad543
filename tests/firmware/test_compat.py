"""What is let go of is gone, also what an import has left for which the heap was too small."""

import sys

from filmgauge.compat import reserve_modules, unload

LEAF = "filmgauge.uplink.mqtt.topics"


def topics():
    import filmgauge.uplink.mqtt.topics as found  # which allocates nothing before the module

    return found.topic(found.PREFIX, "x")


def test_what_is_let_go_of_comes_back_when_it_is_needed():
    first = topics()
    unload(".uplink.mqtt.topics")
    assert (LEAF in sys.modules) == (sys.implementation.name != "micropython")
    assert topics() == first


def test_an_import_that_has_found_no_room_is_let_go_of():
    topics()
    unload(".uplink.mqtt.topics")
    try:
        from micropython import heap_lock, heap_unlock
    except ImportError:
        unload(".uplink.mqtt.topics")  # CPython has no such import, and lets go of nothing
        assert LEAF in sys.modules
        return
    heap_lock()
    try:
        topics()
    except MemoryError:
        heap_unlock()
    assert LEAF in sys.modules  # a name without a module
    unload("")
    assert LEAF not in sys.modules
    assert topics()


def test_room_for_modules_leaves_nothing_behind():
    before = list(sys.modules)
    reserve_modules(len(before) + 20)
    assert sorted(sys.modules) == sorted(before)
    assert topics()
