"""The medium: loss by seed, reach by distance, connection events, and both kinds of time."""

import asyncio

import pytest
from bumble.device import Peer
from bumble_pair import HOST, NODE, pair, reports, virtually

from filmgauge_sim.air.air import Air
from filmgauge_sim.air.clock import VirtualLoop
from filmgauge_sim.air.link import Positions


def heard(**options: object) -> int:
    adverts = virtually(reports(True, seconds=120, **options))
    return sum(not report.is_scan_response for report in adverts)


def test_loss_takes_its_share() -> None:
    sent = heard()
    assert sent == pytest.approx(120 / 0.105, rel=0.02)
    assert heard(loss=0.3) == pytest.approx(0.7 * sent, rel=0.06)  # three standard deviations
    assert heard(loss=1.0) == 0


def test_the_same_seed_loses_the_same() -> None:
    assert heard(loss=0.3) == heard(loss=0.3)


@pytest.mark.parametrize("loss", [-0.1, 1.1])
def test_a_loss_out_of_bounds_is_refused(loss: float) -> None:
    with pytest.raises(ValueError, match="loss must be 0 to 1, not"):
        Air(seed=1, loss=loss)


def test_rssi_falls_20_db_a_decade_and_reach_ends() -> None:
    positions = Positions({"a": (0, 0), "b": (3, 4), "c": (30, 40), "d": (0, 400)})
    assert positions.rssi_dbm("a", "b") == pytest.approx(-45 - 13.979, abs=0.001)
    assert positions.rssi_dbm("a", "b") - positions.rssi_dbm("a", "c") == pytest.approx(20)
    assert positions.rssi_dbm("a", "c") == positions.rssi_dbm("c", "a")
    assert positions.in_reach("a", "c")
    assert not positions.in_reach("a", "d")


def test_who_is_too_far_away_hears_nothing() -> None:
    assert heard(positions=Positions({NODE: (0, 400)})) == 0


async def read_s(loss: float, count: int = 40) -> tuple[float, float]:
    """Return the connection interval and the mean time of a read, in s."""
    peripheral, central = await pair(True)
    await peripheral.start_advertising()
    connection = await central.connect(NODE)
    peer = Peer(connection)
    await peer.gatt_client.read_value(3)
    peripheral.host.controller.link.loss = loss  # type: ignore[union-attr]
    loop = asyncio.get_running_loop()
    begun_s = loop.time()
    for _ in range(count):
        assert await peer.gatt_client.read_value(3)
    return connection.parameters.connection_interval / 1e3, (loop.time() - begun_s) / count


def test_a_read_takes_two_connection_events_and_more_with_loss() -> None:
    interval_s, calm_s = virtually(read_s(0.0))
    assert calm_s == pytest.approx(2 * interval_s, rel=0.01)
    _, lossy_s = virtually(read_s(0.5))
    assert lossy_s == pytest.approx(4 * interval_s, rel=0.3)  # each of two waits 1 / (1 - 0.5)


def test_a_connection_that_leaves_the_reach_ends_by_its_supervision_timeout() -> None:
    async def gone_after() -> tuple[float, float]:
        positions = Positions()
        peripheral, central = await pair(True, positions=positions)
        await peripheral.start_advertising()
        connection = await central.connect(NODE)
        await asyncio.sleep(5)
        ended = asyncio.get_running_loop().create_future()
        connection.on("disconnection", lambda reason: ended.set_result(reason))
        positions.at_m[NODE] = (0, 400)
        begun_s = asyncio.get_running_loop().time()
        assert await ended == 8
        controller = peripheral.host.controller
        [*left] = controller.le_connections  # type: ignore[union-attr]
        assert left == []
        return (
            asyncio.get_running_loop().time() - begun_s,
            connection.parameters.supervision_timeout,
        )

    seconds, timeout_ms = virtually(gone_after())
    # It is looked at four times a timeout, so the last look may be a quarter old.
    assert 0.7 * timeout_ms / 1e3 <= seconds <= 1.3 * timeout_ms / 1e3


def test_virtual_time_goes_exactly_where_it_is_told() -> None:
    loop = VirtualLoop()
    seen = []
    for at_s in (3.0, 1.0, 2.0):
        loop.call_at(at_s, lambda at_s=at_s: seen.append((at_s, loop.time())))
    loop.run_to(2_500_000)
    assert (seen, loop.time()) == ([(1.0, 1.0), (2.0, 2.0)], 2.5)
    loop.run_to(1_000_000)
    assert loop.time() == 2.5
    loop.run_to(100_000_000)
    assert seen[-1] == (3.0, 3.0)
    loop.close()


def test_a_timer_that_was_cancelled_takes_no_time_of_any_kind() -> None:
    loop = VirtualLoop()
    seen = []
    loop.call_at(1000.0, lambda: seen.append(loop.time()))
    for at_s in (10.0, 20.0):
        loop.call_at(at_s, seen.append).cancel()
    loop.run_to(999_000_000)  # asyncio's own order would now wait 980 s of real time
    assert (loop.time(), seen, loop.next_us()) == (999.0, [], 1_000_000_000)
    loop.complete(asyncio.sleep(5.0))
    assert seen == [1000.0]
    loop.close()


def test_it_runs_in_real_time_too() -> None:
    adverts = asyncio.run(reports(True, interval_ms=20, seconds=0.3))
    assert any(not report.is_scan_response for report in adverts)
    assert {report.address.to_string(False) for report in adverts} == {NODE} != {HOST}
