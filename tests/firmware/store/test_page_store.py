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
    """Return a record of life 7, boot 1 with this number as its seq."""
    head = bytes((4, 7, 0, 0, 0, 1, 0, number & 255, number >> 8, 0, 0))
    return head + bytes((number & 255,)) * 117


def seqs(store):
    found = [store.read(name) for name in store.names(MANY)]
    assert all(len(data) == 128 for data in found)
    return [data[7] | data[8] << 8 for data in found]


def test_nothing_is_found_in_new_pages():
    for filling in (b"\xff", b"\0", b"\x46"):
        device = Device()
        fill(device.pages, filling)
        store = opened(device)
        assert state_in(device) is None
        assert (store.count(), list(store.names(9)), store.oldest()) == (0, [], None)
        assert store.after(0, 0, 0) == (0, 0)
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
                assert store.forget(7, 1, upto, lambda: None) == upto - expected[0] + 1
                expected = [each for each in expected if each > upto]
            assert store.count() == len(expected)
            assert seqs(store) == expected
            assert store.oldest() == ((7, 1, expected[0]) if expected else None)
            begin, end = store.after(7, 1, number - 4)
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


def test_a_state_of_another_size_is_there_for_who_knows_it():
    device = Device()
    assert opened(device).newest_state() is None
    assert not opened(device).is_used()
    save(opened(device), 76)
    assert not opened(device).is_used()  # the power may have gone in the middle
    save(opened(device), 77)
    assert opened(device).is_used()
    larger = opened(device, size=STATE + 9)
    assert not larger.load(bytearray(STATE + 9 + OVERHEAD))
    state = larger.newest_state()
    assert (len(state), state[HEAD_SIZE]) == (STATE + OVERHEAD, 77)


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


def broken(device, page):
    """Let a page of a device give no answer when it is read; return what mends it."""
    works = device.readblocks
    device.readblocks = lambda block, buffer, offset: (
        -5 if block * 512 // PAGE == page else works(block, buffer, offset)
    )
    return works


def spoil(device, octets):
    """Change a bit wherever these bytes stand in the newest pages."""
    for page in device.pages:
        at = page.find(octets)
        while at >= 0:
            page[at] ^= 1
            at = page.find(octets, at + 1)


def test_a_record_that_cannot_be_read_costs_none_of_its_neighbours():
    device = Device()
    store = opened(device)
    for number in range(10):
        store.add(record(number))
    spoil(device, bytes((5,)) * 117)
    store = opened(device)
    kept = [number for number in range(10) if number != 5]
    assert seqs(store) == kept
    for seq in range(-1, 10):
        begin, end = store.after(7, 1, seq) if seq >= 0 else store.after(7, 0, 9)
        found = [store.name(number) for number in range(begin, end)]
        left = [name for name in store.names(MANY) if name in found]
        assert [store.read(name)[7] for name in left] == [each for each in kept if each > seq]
    store.forget(7, 1, 2, lambda: None)
    assert seqs(store) == [number for number in kept if number > 2]


def test_a_page_that_cannot_be_read_does_not_take_the_others_along():
    device = Device()
    store = opened(device)
    for number in range(30):
        store.add(record(number))
    whole = seqs(store)
    for page in range(PAGES):
        works = broken(device, page)
        store = opened(device)
        assert set(seqs(store)) <= set(whole)
        assert len(seqs(store)) >= len(whole) - A_PAGE
        device.readblocks = works
    assert seqs(opened(device)) == whole


def test_a_record_that_gives_no_answer_stops_no_write():
    device = Device()
    store = opened(device)
    for number in range(3):
        store.add(record(number))
    newest, works = device.wear.index(0) - 1, device.readblocks
    at = newest * PAGE + PAGE - A_PAGE * 144 + 144  # of record 1
    device.readblocks = lambda block, buffer, offset: (
        -5 if block * 512 + offset == at else works(block, buffer, offset)
    )
    store.add(record(3))
    assert seqs(store) == [0, 2, 3]


def test_pages_that_all_fail_are_no_new_life():
    device = Device()
    save(opened(device), 1)
    device.readblocks = lambda block, buffer, offset: -5
    with raises(OSError):
        opened(device)


def test_a_page_that_takes_nothing_any_more_does_not_end_the_store():
    for bad in range(PAGES):
        device = Device()
        store = opened(device)
        works = device.writeblocks
        device.writeblocks = lambda block, buffer, offset, bad=bad, works=works: (
            -5 if block * 512 // PAGE == bad else works(block, buffer, offset)
        )
        stored, failed = 0, 0
        for _ in range(20):
            try:
                store.add(record(stored))
                stored += 1
            except OSError:
                failed += 1
        assert 0 < failed < 10
        assert seqs(store) == seqs(opened(device)) == list(range(stored))


def test_a_record_that_could_not_be_stored_takes_no_other_ones_place():
    device = Device()
    store = opened(device, 3)
    for number in range(3):
        store.add(record(number))
    device.writeblocks, works = (lambda block, buffer, offset: -5), device.writeblocks
    with raises(OSError):
        store.add(record(3))
    device.writeblocks = works
    assert seqs(store) == [0, 1, 2]


def test_a_state_that_cannot_be_read_is_the_one_before_and_never_an_old_file():
    path = unused_path()
    buffer = bytearray(STATE + OVERHEAD)
    buffer[HEAD_SIZE] = 77
    Journal(path, STATE).save(buffer)
    device = Device()
    store = PageStore(device, buffer, MANY, path)
    for number in (1, 2):
        buffer[HEAD_SIZE:] = bytes((200 + number,)) * (STATE + OVERHEAD - HEAD_SIZE)
        store.add(record(number))
    spoil(device, bytes((202,)) * STATE)
    store = PageStore(device, bytearray(STATE + OVERHEAD), MANY, path)
    assert store.load(buffer)
    assert (buffer[HEAD_SIZE], store.sequence) == (201, 1)
    assert store.load(buffer)
    assert seqs(store) == [1, 2]
    spoil(device, bytes((201,)) * STATE)
    assert not PageStore(device, bytearray(STATE + OVERHEAD), MANY, path).load(buffer)


def test_a_state_without_records_is_found_whatever_its_size():
    device = Device()
    save(opened(device), 9)
    smaller = opened(device, size=0)
    assert smaller.sequence == 1
    assert not smaller.read_state(bytearray(OVERHEAD))
    smaller.set_number("/counter", 7)
    assert opened(device).number("/counter") == 7
    assert state_in(device) is None


def test_the_boot_of_the_newest_record_is_known():
    device = Device()
    store = opened(device)
    assert store.newest() is None
    store.add(record(1))
    store.add(b"\3\7\0\0\0" + bytes(120))  # of version 3, without a life
    assert opened(device).newest() == (0, 7, 0)
    store.forget(0, 7, 0, lambda: None)
    assert store.newest() is None


def test_of_two_pages_that_look_alike_one_counts():
    device = Device()
    store = opened(device)
    for number in range(3):
        store.add(record(number))
    device.pages[3][:] = device.pages[2]  # as of a write that failed when all was there
    store = opened(device)
    store.add(record(3))
    assert seqs(store) == seqs(opened(device)) == [0, 1, 2, 3]


LONG = 650  # of a node that plans its reports: more than there is room for before the records


def long_state(number):
    buffer = bytearray(LONG + OVERHEAD)
    for i in range(HEAD_SIZE, HEAD_SIZE + LONG):
        buffer[i] = (i * 7 + number) & 255
    return buffer


def long_state_in(device):
    """Return whether a node finds a long state, and which."""
    found = bytearray(LONG + OVERHEAD)
    if not opened(device, size=LONG).load(found):
        return None
    number = (found[HEAD_SIZE] - HEAD_SIZE * 7) & 255
    assert found[HEAD_SIZE:-4] == long_state(number)[HEAD_SIZE:-4]
    return number


def test_a_state_that_is_too_long_takes_the_room_of_one_record():
    device = Device()
    store = opened(device, size=LONG)
    for number in range(60):
        store.save(long_state(number))
        store.add(record(number))
        assert long_state_in(device) == number
    assert seqs(opened(device, size=LONG)) == list(range(60))
    assert store.forget(7, 1, 59, lambda: None) == 60
    assert long_state_in(device) == 59


def test_a_torn_rest_of_a_state_leaves_the_one_before():
    device = Device()
    store = opened(device, size=LONG)
    store.add(record(0))
    store.save(long_state(1))
    store.save(long_state(2))
    page = device.pages[store.newest_page()]
    page[3960:] = b"\xff" * (PAGE - 3960)  # programmed from its beginning, and not to its end
    assert long_state_in(device) == 1
    assert seqs(opened(device, size=LONG)) == [0]


def test_records_stay_where_a_node_begins_to_plan_and_where_it_ends():
    device = Device()
    store = opened(device)
    for number in range(A_PAGE):  # a full page
        store.add(record(number))
    store = opened(device, size=LONG)
    assert not store.read_state(bytearray(LONG + OVERHEAD))
    assert store.newest_state() is not None
    store.save(long_state(5))
    assert long_state_in(device) == 5
    store.add(record(A_PAGE))
    assert seqs(opened(device, size=LONG)) == list(range(A_PAGE + 1))
    store = opened(device)
    save(store, 9)
    assert state_in(device) == 9
    assert seqs(opened(device)) == list(range(A_PAGE + 1))
