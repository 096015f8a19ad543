"""What a node says on the air by its level of service, and what that takes."""

from filmgauge.config import Config
from filmgauge.uplink.ble.advertising_policy import AdvertisingPolicy


def config(**changes):
    given = {"node": "n", "pin_scl": 1, "pin_sda": 2, "pin_gate": 3}
    given.update(changes)
    return Config(**given)


class Link:
    interval_us = 0
    connected_ms = 0
    dozes = 0

    def awake_ms(self):
        return 0


def test_a_node_with_plenty_is_connectable_and_one_that_saves_is_not():
    airtime = AdvertisingPolicy(config(ble_interval_ms=500))
    seen = []
    for level in (0, 1, 2, 3, 0):
        airtime.choose(level)
        seen.append((airtime.interval_ms, airtime.connectable))
    assert seen == [(500, True), (1000, False), (0, False), (0, False), (500, True)]


def test_an_interval_stays_within_what_radios_can():
    airtime = AdvertisingPolicy(config(ble_interval_ms=10000))
    airtime.choose(1)
    assert airtime.interval_ms == 10240


def test_a_node_may_take_no_connections():
    airtime = AdvertisingPolicy(config(ble_connected_ms=0))
    airtime.choose(0)
    assert not airtime.connectable


def test_what_it_takes_is_adverts_events_and_work():
    airtime = AdvertisingPolicy(
        config(
            ble_interval_ms=495, report_nj=1, advert_nj=10, event_nj=100, awake_uw=7, waking_nj=3
        )
    )
    airtime.choose(0)
    link = Link()
    assert airtime.taken_nj(5000, link) == 1 + 11 * 10
    link.connected_ms = 3000
    assert airtime.taken_nj(0, link) == 1 + 10 + 100 * 100  # at 30 ms until it is told
    link.interval_us = 100000
    link.dozes = 4
    assert airtime.taken_nj(0, link) == 1 + 10 + 30 * 100 + 12
