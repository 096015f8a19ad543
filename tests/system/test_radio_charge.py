"""What the firmware books for its radio against what the circuit saw, by advert and connection."""

import asyncio
import struct
from pathlib import Path
from typing import Any

import pytest
from gatt_central import LEDGER, RECORD, REQUEST, Rig, records_in

from filmgauge.gauge.ledger import RADIO
from filmgauge.record.record import Record
from filmgauge_sim.nodes.energy_budget import energy_budget
from filmgauge_sim.nodes.flash_reader import store_records
from filmgauge_sim.scenario.loading import load_scenario

EFFICIENCY = load_scenario("window").node[0].description.converter.output_efficiency


class Witness:
    """Sums what the board takes beyond sleep while its radio is on: nJ out of the capacitor."""

    def __init__(self, rig: Rig) -> None:
        self.nj = 0.0
        board, world = rig.node.board, rig.node.world
        give = world.draw  # type: ignore[union-attr]
        kind = rig.node.kind
        watts = kind.supply_v / EFFICIENCY

        def draw(current_ua: float, now_us: int, until_us: int) -> int | None:
            if board.bluetooth.active:
                extra_uc = (current_ua - kind.light_sleep_ua) * (until_us - now_us) / 1e6
                self.nj += extra_uc * watts * 1000
            return give(current_ua, now_us, until_us)

        world.draw = draw  # type: ignore[union-attr, method-assign]


async def booked_nj(rig: Rig) -> float:
    """Return the line of the radio at the next report, as energy out of the capacitor, in nJ."""
    visit = await rig.visit()
    ledger = await visit.read(LEDGER)
    voltage_uv = Record.from_bytes(await visit.read(RECORD)).values()[10]
    pc = -struct.unpack("<11q", ledger[2:])[RADIO]
    refill = energy_budget(rig.node.description).figures.refill_efficiency
    return pc * voltage_uv * refill / 1e9


def seen_and_booked(folder: Path, act: Any, **options: Any) -> tuple[float, float, Rig]:
    """Return nJ of the first report: what the circuit saw and what the firmware booked."""

    async def work(rig: Rig) -> tuple[float, float]:
        witness = Witness(rig)
        await act(rig)
        await asyncio.sleep(600)
        seen = witness.nj
        return seen, await booked_nj(rig)

    with Rig(folder, **options) as rig:
        seen, booked = rig.go(work)
        return seen, booked, rig


def test_adverts_are_booked_as_the_circuit_sees_them(tmp_path: Path) -> None:
    async def act(rig: Rig) -> None:
        await asyncio.sleep(60)
        assert rig.node.board.bluetooth.schedule.advertising_events in (19, 20)

    bluetooth = {"advertise_ms": 20000, "interval_ms": 1000}
    seen, booked, _ = seen_and_booked(tmp_path, act, bluetooth=bluetooth)
    assert seen > 19 * 14_000
    assert booked == pytest.approx(seen, rel=0.05)


def test_a_connection_is_booked_as_the_circuit_sees_it(tmp_path: Path) -> None:
    async def act(rig: Rig) -> None:
        visit = await rig.visit()
        for _ in range(20):
            await visit.read(RECORD)
            await asyncio.sleep(0.5)
        assert rig.node.board.bluetooth.schedule.connection_events > 300
        await visit.connection.disconnect()

    seen, booked, _ = seen_and_booked(tmp_path, act, capacitance_uf=1e5)
    assert booked == pytest.approx(seen, rel=0.05)


def test_another_interval_is_booked_as_such(tmp_path: Path) -> None:
    async def act(rig: Rig) -> None:
        visit = await rig.visit()
        await visit.connection.update_parameters(120, 120, 0, 4000)
        for _ in range(40):
            await visit.read(RECORD)
            await asyncio.sleep(0.5)
        await visit.connection.disconnect()

    seen, booked, _ = seen_and_booked(tmp_path, act, capacitance_uf=1e5)
    assert booked == pytest.approx(seen, rel=0.05)


def test_the_supply_bears_a_long_log(tmp_path: Path) -> None:
    """With `ble_awake_ms` the node ends a request and leaves before its capacitor is empty; the
    next visit goes on from there."""
    made = [Record(boot=1, seq=seq, up_s=60 * seq).to_bytes() for seq in range(150)]

    async def act(rig: Rig) -> list[bytes]:
        got: list[bytes] = []
        while len(got) < len(made):
            visit = await rig.visit()
            gone = asyncio.get_running_loop().create_future()
            visit.connection.on("disconnection", gone.set_result)
            place = Record.from_bytes(got[-1]).values()[:2] if got else [0, 0]
            await visit.write(REQUEST, struct.pack("<IIIH", 0, *place, 65535))
            assert await gone == 0x13  # it leaves by itself
            found = records_in(visit.pieces)
            assert struct.unpack("<H", visit.pieces[-1][1:3]) == (len(found),)
            assert len(found) < 80
            got += found
        return got

    with Rig(tmp_path, hours=20, configuration={"ble_awake_ms": 4}) as rig:
        rig.go(lambda _: asyncio.sleep(10))  # it has booted once
        store_records(rig.node.flash, made)
        rig.node.cut_power()
        got = rig.go(act)
        assert rig.node.incidents == []  # no brown-out
    assert got[: len(made)] == made
