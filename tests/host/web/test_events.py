"""The queue of one reader: bounded, and honest about what it has lost."""

import asyncio

from patience import PATIENCE_S

from filmgauge_host.web.events import Event, Reader


async def taken(reader: Reader) -> bytes:
    return await asyncio.wait_for(anext(reader.chunks()), PATIENCE_S)


async def test_a_full_queue_becomes_a_reset() -> None:
    reader = Reader(None)
    for number in range(2001):
        reader.put(Event(number, "a", "row", b"%d\n" % number), b"reset\n")
    assert await taken(reader) == b"reset\n2000\n"
    reader.put(Event(2001, "a", "row", b"next\n"), b"reset\n")
    assert await taken(reader) == b"next\n"


async def test_who_gets_which_event() -> None:
    everybody, of_a, of_b = Reader(None), Reader("a"), Reader("b")
    for text, node, audience in [
        (b"row ", "a", "row"),
        (b"full ", "a", "full"),
        (b"both ", "a", "both"),
        (b"server", None, "both"),
    ]:
        for reader in (everybody, of_a, of_b):
            reader.put(Event(1, node, audience, text), b"")
    assert await taken(everybody) == b"row both server"
    assert await taken(of_a) == b"full both server"
    assert await taken(of_b) == b"server"


async def test_a_closed_stream_ends() -> None:
    reader = Reader(None)
    reader.close()
    assert [chunk async for chunk in reader.chunks()] == []
