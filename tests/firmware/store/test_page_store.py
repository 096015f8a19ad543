"""State, records and numbers in raw pages: whatever a loss of power leaves, what was acknowledged
is found."""

from expect import raises
from noise import Noise
from scratch_files import unused_path

from filmgauge.store.block import HEAD_SIZE, OVERHEAD
from filmgauge.store.journal import Journal
from filmgauge.store.page_store import PAGE, PageStore

STATE = 40
PAGES = 4
A_PAGE = 24  # records in it
MANY = 1000


_PAGES = [bytearray(PAGE) for _ in range(PAGES)]  # one device at a time: heap is scarce


def fill(pages, octet):
    for page in pages:
        for at in range(0, PAGE, 64):
            page[at : at + 64] = octet * 64


class Device:
    """Pages, written at once."""

    def __init__(self, pages=PAGES):
        self.pages = _PAGES[:pages]
        fill(self.pages, b"\xff")
        self.wear = [0] * pages
        self._written = 0

    def readblocks(self, block, buffer, offset):
        at = block * 512 + offset
        begin = at % PAGE
        buffer[:] = memoryview(self.pages[at // PAGE])[begin : begin + len(buffer)]
        return 0

    def writeblocks(self, block, buffer, offset):
        at = block * 512 + offset
        begin, self._written = at % PAGE, at // PAGE
        self.pages[self._written][begin : begin + len(buffer)] = buffer
        return 0

    def ioctl(self, operation, argument):
        if operation == 4:
            return len(self.pages) * PAGE // 512
        self.wear[self._written] += 1
        return 0


def opened(device, capacity=MANY, size=STATE):
    return PageStore(device, bytearray(size + OVERHEAD), capacity, unused_path())


def save(store, number):
    buffer = bytearray(STATE + OVERHEAD)
    buffer[HEAD_SIZE] = number
    store.save(buffer)


def state_in(device):
    """Return the number of the state that a node finds after a power-on, None for none."""
    buffer = bytearray(STATE + OVERHEAD)
    return buffer[HEAD_SIZE] if opened(device).load(buffer) else None


def record(number):
    """Return a record of boot 1 with this number as its seq."""
    return bytes((3, 1, 0, 0, 0, number & 255, number >> 8, 0, 0)) + bytes((number & 255,)) * 116


def seqs(store):
    found = [store.read(name) for name in store.names(MANY)]
    assert all(len(data) == 125 for data in found)
    return [data[5] | data[6] << 8 for data in found]


def test_nothing_is_found_in_new_pages():
    for filling in (b"\xff", b"\0", b"\x46"):
        device = Device()
        fill(device.pages, filling)
        store = opened(device)
        assert state_in(device) is None
        assert (store.count(), store.names(9), store.oldest()) == (0, [], None)
        assert store.after(0, 0) == (0, 0)
        with raises(OSError):
            store.read("00000000")


def test_state_and_records_come_back_after_each_power_on():
    device = Device()
    for number in range(30):
        store = opened(device)
        save(store, number)
        store.add(record(number))
        assert state_in(device) == number
        assert seqs(opened(device)) == list(range(number + 1))
    assert sum(device.wear) == 60


def test_a_record_has_the_state_with_it():
    device = Device()
    store = opened(device)
    buffer = bytearray(STATE + OVERHEAD)
    store.save(buffer)
    buffer[HEAD_SIZE] = 9
    store.add(record(0))
    assert state_in(device) == 9
    assert sum(device.wear) == 2


def test_it_keeps_what_a_model_keeps():
    noise = Noise(3)
    for capacity in (10, 30):
        device = Device()
        store = opened(device, capacity)
        expected, number = [], 0
        for _ in range(80):
            what = noise.below(8)
            if what < 5:
                dropped = store.add(record(number))
                expected.append(number)
                number += 1
                assert dropped == (len(expected) > capacity)
                expected = expected[-capacity:]
            elif what == 5:
                save(store, 5)
            elif what == 6:
                store = opened(device, capacity)
            elif expected:
                upto = expected[0] + noise.below(len(expected))
                assert store.forget(1, upto, lambda: None) == upto - expected[0] + 1
                expected = [each for each in expected if each > upto]
            assert store.count() == len(expected)
            assert seqs(store) == expected
            assert store.oldest() == ((1, expected[0]) if expected else None)
            begin, end = store.after(1, number - 4)
            assert end - begin == len([each for each in expected if each > number - 4])


def test_the_oldest_page_goes_when_none_is_free():
    device = Device()
    store = opened(device)
    for number in range(100):
        store.add(record(number))
        kept = seqs(store)
        assert kept == list(range(kept[0], number + 1))
        assert len(kept) > min(number, (PAGES - 2) * A_PAGE)
    assert seqs(opened(device)) == kept


def test_a_failed_write_leaves_what_was_there():
    device = Device()
    store = opened(device)
    store.add(record(0))
    number = store.stored_number("/commands")
    device.writeblocks, works = (lambda block, buffer, offset: -5), device.writeblocks
    for fails in (lambda: store.add(record(1)), lambda: number.save(5), lambda: save(store, 1)):
        with raises(OSError):
            fails()
    assert number.value == 0
    device.writeblocks = works
    store.add(record(1))
    assert seqs(store) == [0, 1]
    assert store.number("/commands") == 0


def test_a_state_of_another_size_costs_neither_records_nor_numbers():
    device = Device()
    store = opened(device)
    save(store, 3)
    store.add(record(0))
    store.stored_number("/counter").save(356)
    larger = opened(device, size=STATE + 8)
    assert not larger.load(bytearray(STATE + 8 + OVERHEAD))
    larger.add(record(1))
    assert seqs(opened(device, size=STATE + 8)) == [0, 1]
    assert larger.number("/counter") == 356


def test_what_a_node_had_in_its_file_system_is_gone_on_with():
    path = unused_path()
    buffer = bytearray(STATE + OVERHEAD)
    buffer[HEAD_SIZE] = 77
    Journal(path, STATE).save(buffer)
    device = Device()
    found = bytearray(STATE + OVERHEAD)
    store = PageStore(device, found, MANY, path)
    assert store.load(found)
    assert found[HEAD_SIZE] == 77
    found[HEAD_SIZE] = 78
    store.save(found)
    again = bytearray(STATE + OVERHEAD)
    assert PageStore(device, again, MANY, path).load(again)
    assert again[HEAD_SIZE] == 78


def test_two_pages_do_for_a_state_alone():
    device = Device(2)
    for number in range(6):
        save(opened(device, 0), number)
        assert state_in(device) == number
    assert device.wear == [3, 3]
