"""What is missing of a node, against a plain set of the numbers that came."""

from hypothesis import given
from hypothesis import strategies as st

from filmgauge_host.telemetry.ingest_store import Gap
from filmgauge_host.telemetry.sequence_tracker import SequenceTracker

arrivals = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 40)), max_size=200)


def missing_numbers(received: set[tuple[int, int]]) -> set[tuple[int, int]]:
    """Return what is not there: from 0 to the highest of each boot, of the lowest boot from the
    lowest number on."""
    missing = set()
    for boot in {boot for boot, _ in received}:
        seqs = [seq for other, seq in received if other == boot]
        begin = min(seqs) if boot == min(received)[0] else 0
        whole = {(boot, seq) for seq in range(begin, max(seqs) + 1)}
        missing |= whole - received
    return missing


def as_boots(received: set[tuple[int, int]]) -> list[tuple[int, int, int, int]]:
    seqs = {boot: [seq for other, seq in received if other == boot] for boot, _ in received}
    return [(boot, min(each), max(each), len(each)) for boot, each in seqs.items()]


@given(arrivals)
def test_agrees_with_a_plain_set(numbers):
    tracker, received = SequenceTracker(), set()
    for number in dict.fromkeys(numbers):  # the store turns away what came before
        tracker.add(*number)
        received.add(number)
        assert tracker.missing == len(missing_numbers(received))


@given(arrivals, arrivals)
def test_tells_earlier_gaps_from_new_ones(before, now):
    received = set(before)
    earlier = missing_numbers(received)
    tracker = SequenceTracker(as_boots(received))
    assert (tracker.missing, tracker.missing_earlier) == (len(earlier), len(earlier))
    for number in dict.fromkeys(now):
        if number in received:
            continue
        tracker.add(*number)
        received.add(number)
    missing = missing_numbers(received)
    assert tracker.missing == len(missing)
    assert tracker.missing_earlier == len(missing & earlier)


def test_a_gap_of_a_billion_costs_no_memory():
    tracker = SequenceTracker()
    for seq in range(1000):
        tracker.add(1, seq)
    assert tracker.missing == 0
    tracker.add(1, 10**9)
    assert tracker.missing == 10**9 - 1000


@given(arrivals, arrivals, arrivals)
def test_counts_anew_by_what_others_have_stored(before, own, others):
    received = set(before)
    tracker, earlier = SequenceTracker(as_boots(received)), missing_numbers(received)
    for number in dict.fromkeys(own):
        is_counted = tracker.is_counted(*number)
        assert is_counted in (number in received, None)
        if number not in received:
            tracker.add(*number)
            received.add(number)
    received |= set(others)
    missing = missing_numbers(received)
    gaps = [Gap(0, boot, seq, seq) for boot, seq in missing] if earlier else []
    tracker.renew(as_boots(received), gaps)
    assert (tracker.missing, tracker.missing_earlier) == (len(missing), len(missing & earlier))
