"""Topic names, and what a node may be called."""

from expect import raises

from filmgauge.config import check_node
from filmgauge.uplink.mqtt.topics import INFO, LOG, STATUS, TELEMETRY, topic


def test_names_are_those_of_the_interface():
    assert topic("bench-1", TELEMETRY) == "filmgauge/bench-1/telemetry"
    assert topic("a", LOG) == "filmgauge/a/log"
    assert topic("a", STATUS) == "filmgauge/a/status"
    assert topic("a", INFO) == "filmgauge/a/info"


def test_node_names():
    for name in ("a", "bench-1", "-", "0" * 32):
        assert check_node(name) == name
    for name in ("", "x" * 33):
        with raises(ValueError, "node must have 1 to 32 characters"):
            check_node(name)
    for character in "A/+# _.\u00e4\0\n":
        with raises(ValueError, "a-z, 0-9 and -"):
            check_node("node" + character)
