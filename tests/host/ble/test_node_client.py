"""One connection to a node: values, log, commands, and what is refused."""

import asyncio
import struct
from collections.abc import Iterator

import pytest
from ble_bed import Field, address
from ble_nodes import Misbehaviour

from filmgauge.record.record import Record
from filmgauge.uplink.actions import CONFIGURE, REBOOT, TIME
from filmgauge_host.ble import battery_service, gatt_values, uuids
from filmgauge_host.ble.node_client import NodeClient
from filmgauge_host.errors import NodeError, RefusedError

ADDRESS = address(1)
LIFE = 0x8000_0007  # of the test's nodes


@pytest.fixture
def field() -> Iterator[Field]:
    made = Field()
    for _ in range(3):
        made.node.make()
    yield made
    made.close()


def talk(field: Field, work) -> None:
    """Let the node advertise, connect, and do something."""

    async def talking() -> None:
        async with NodeClient(field.radio, ADDRESS) as client:
            await work(client)

    field.start(field.node.advertise(60))
    field.run(talking())


def test_every_value_is_read(field: Field) -> None:
    async def work(client: NodeClient) -> None:
        assert await client.record() == field.node.newest
        state = await client.state()
        assert (state.newest, state.oldest, state.waiting) == (
            (LIFE, 1, 2),
            (LIFE, 1, 0),
            3,
        )
        assert (state.up_s, state.unix_s, state.command_counter) == (120, None, 7)
        assert (state.faults, state.limits) == ("gap", None)
        assert await client.energy() == gatt_values.Energy(22000, None)
        lines = await client.ledger()
        assert list(lines.items())[:2] == [("opening", -5), ("measured", -4)]
        assert lines["gap"] == 5
        assert await client.battery() == {"level_pct": 81}
        device = await client.device_information()
        assert (device.manufacturer, device.model, device.serial) == (
            "filmgauge",
            "stm32wb",
            "node-1",
        )
        keys = await client.configuration()
        assert (keys["node"], keys["sample_s"], keys["backlog"]) == ("node-1", 3600, 256)

    talk(field, work)


def test_the_log_begins_and_ends_where_it_is_asked_to(field: Field) -> None:
    async def work(client: NodeClient) -> None:
        async def got(after: tuple[int, int, int], count: int = 100) -> list[Record]:
            return [record async for record in client.log(after, count)]

        assert await got((0, 0, 0)) == field.node.made
        assert await got((LIFE, 1, 0)) == field.node.made[1:]
        assert await got((LIFE, 1, 2)) == []
        assert await got((0, 0, 0), 2) == field.node.made[:2]
        assert client.log_end is not None
        assert (client.log_end.sent, client.log_end.left) == (2, 1)

    talk(field, work)


def test_a_node_of_the_version_before_is_read_as_it_speaks(field: Field) -> None:
    field.node.is_old = True
    field.node.made.clear()
    field.node.log.clear()
    for _ in range(3):
        field.node.make()

    async def work(client: NodeClient) -> None:
        assert await client.record() == field.node.newest
        state = await client.state()
        assert (state.newest, state.oldest, state.has_lives) == ((0, 1, 5), (0, 1, 3), False)
        assert (state.up_s, state.command_counter, state.faults) == (300, 7, "gap")
        got = [each async for each in client.log((0, 1, 3))]
        assert got == field.node.made[1:]
        assert {each.values()[-1] for each in got} == {0}

    talk(field, work)


def test_a_log_of_two_lives_goes_on_in_the_one_that_was_read(field: Field) -> None:
    field.node.forget_all()
    for _ in range(2):
        field.node.make()

    async def work(client: NodeClient) -> None:
        for after, begin in (
            ((LIFE, 1, 1), 2),
            ((LIFE, 1, 2), 3),
            ((LIFE - 5, 1, 0), 4),
            ((LIFE - 5, 1, 1), 5),
            ((77, 9, 9), 0),  # a life of which there is nothing: all is newer
        ):
            got = [each async for each in client.log(after)]
            assert got == field.node.made[begin:]

    talk(field, work)


def test_a_command_is_obeyed_once(field: Field) -> None:
    async def work(client: NodeClient) -> None:
        key = field.node.command_key
        reply = await client.command("node-1", key, TIME, struct.pack("<I", 10), 8)
        assert (reply.counter, reply.status) == (8, 0)
        with pytest.raises(RefusedError, match="counter was used before"):
            await client.command("node-1", key, TIME, b"", 8)
        with pytest.raises(RefusedError, match="wrong MAC"):
            await client.command("node-1", bytes(16), REBOOT, b"", 9)
        with pytest.raises(RefusedError, match="wrong MAC"):
            await client.command("node-2", key, REBOOT, b"", 9)
        assert field.node.done == [TIME]

    talk(field, work)


def test_a_node_that_has_lost_its_counter_is_not_asked(field: Field) -> None:
    field.node.counter = 0xFFFFFFFF

    async def work(client: NodeClient) -> None:
        with pytest.raises(RefusedError, match="give it new keys"):
            _ = (await client.state()).next_command
        assert field.node.done == []

    talk(field, work)


def test_a_configuration_goes_in_parts_and_is_refused_whole(field: Field) -> None:
    async def work(client: NodeClient) -> None:
        changes = {"wifi_ssid": "x" * 300, "sample_s": 60}
        await client.configure("node-1", field.node.command_key, changes, 8)
        assert field.node.configured == changes
        assert field.node.done.count(CONFIGURE) == 2
        refused = {"sample_s": 0, "backlog": 1}
        with pytest.raises(RefusedError, match="sample_s must be 1 to 86400"):
            await client.configure("node-1", field.node.command_key, refused, 10)
        assert field.node.configured == changes
        with pytest.raises(ValueError, match="must have 2048 bytes at most"):
            await client.configure("node-1", field.node.command_key, {"a": "x" * 3000}, 11)

    talk(field, work)


def test_a_node_that_is_silent_costs_no_more_than_its_deadline(field: Field) -> None:
    field.node.wrong = Misbehaviour(mute=True)

    async def work(client: NodeClient) -> None:
        begun_s = asyncio.get_running_loop().time()
        with pytest.raises(NodeError, match="did not send its log within 8 s"):
            async for _ in client.log():
                pass
        assert asyncio.get_running_loop().time() - begun_s < 9

    talk(field, work)


def test_a_connection_that_ends_is_told_at_once(field: Field) -> None:
    field.node.wrong = Misbehaviour(drop_after=3)

    async def work(client: NodeClient) -> None:
        begun_s = asyncio.get_running_loop().time()
        with pytest.raises(NodeError, match=r"ended the connection|disconnected"):
            async for _ in client.log():
                pass
        assert asyncio.get_running_loop().time() - begun_s < 2

    talk(field, work)


def test_who_serves_something_else_is_no_node(field: Field) -> None:
    other = field.air.device("other", "C9:00:00:00:00:01")

    async def work() -> None:
        await other.start_advertising()
        with pytest.raises(NodeError, match="does not serve what a node serves"):
            async with NodeClient(field.radio, "C9:00:00:00:00:01"):
                pass

    async def absent() -> None:
        with pytest.raises(NodeError, match="C9:00:00:00:00:02"):
            async with NodeClient(field.radio, "C9:00:00:00:00:02", connect_s=3.0):
                pass

    field.run(work())
    field.run(absent())


@pytest.mark.parametrize(
    ("read", "value", "reason"),
    [
        (gatt_values.state, bytes(3), "state must have 53 bytes, not 3"),
        (gatt_values.state, b"\1" + bytes(2), "state must have 39 bytes, not 3"),
        (gatt_values.state, b"\2" + bytes(2), "state must have 47 bytes, not 3"),
        (gatt_values.state, b"\3" + bytes(2), "state must have 49 bytes, not 3"),
        (gatt_values.state, bytes(53), "state has version 0, not 4"),
        (gatt_values.energy, b"", "energy must have 9 bytes, not 0"),
        (gatt_values.ledger, b"\1\2" + bytes(8), "ledger has 10 bytes"),
        (gatt_values.reply, b"\0", "reply must have 5 bytes at least"),
        (gatt_values.record, b"\0" * 9, "record: "),
        (gatt_values.configuration, b"{", "configuration is not JSON"),
        (gatt_values.configuration, b"[]", "configuration is no JSON object"),
    ],
)
def test_a_value_of_another_form_is_named(read, value: bytes, reason: str) -> None:
    with pytest.raises(NodeError, match=reason):
        read(value)


@pytest.mark.parametrize(
    ("word", "value"),
    [(0xF014, 2.0), (0x0001, 1.0), (0xF072, 11.4), (0x8002, 2e-8), (0x0FFF, -1.0), (0x07FF, None)],
)
def test_medfloat16_by_hand(word: int, value: float | None) -> None:
    """Exponent in the upper four bits, mantissa in the lower twelve, both of two's complement."""
    assert battery_service.medfloat16(struct.pack("<H", word)) == value


def test_the_battery_service_by_another_implementation() -> None:
    from bluetooth_sig import BluetoothSIGTranslator

    translator = BluetoothSIGTranslator()
    _, _, health, _, _, time_status, *_ = uuids.BATTERY
    value = bytes.fromhex("0f5a0c00191500")
    theirs = translator.parse_characteristic("2BEA", value)
    ours = battery_service.decode(health, value)
    assert ours["health_pct"] == theirs.battery_health_summary
    assert ours["cycles"] == theirs.cycle_count
    assert ours["health_temperature_c"] == theirs.current_temperature
    assert ours["deep_discharges"] == theirs.deep_discharge_count
    times = translator.parse_characteristic("2BEE", bytes.fromhex("023c0000780000"))
    ours = battery_service.decode(time_status, bytes.fromhex("023c0000780000"))
    assert ours["minutes_to_empty"] == times.time_until_discharged == 60
    assert ours["minutes_to_full"] == times.time_until_recharged == 120
    assert battery_service.decode(health, b"\x0f") == {"health_malformed": "0f"}
