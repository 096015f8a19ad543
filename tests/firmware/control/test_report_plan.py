"""When the next report comes: what a node gives the planner, over reboots and long silences."""

from filmgauge.compat import Namespace
from filmgauge.config import Config
from filmgauge.control.report_plan import SIZE, ReportPlan
from filmgauge.gauge.ledger import CORRECTED, LOSS, MEASURED
from filmgauge.gauge.ledger_only import LedgerOnly
from filmgauge.record import FAULT_CELL
from filmgauge.record.gauge_fields import add_ledger_fields
from filmgauge.state import STEP

FULL_NAH = 1000000
PC_A_NAH = 3600000
BLOCK_S = 14400
KEYS = {
    "node": "a",
    "pin_scl": 1,
    "pin_sda": 2,
    "pin_gate": 3,
    "sample_s": 600,
    "report_every": 2,
    "report_most": 24,
    "own_nw": 20000,
    "wake_nj": 100000,
    "advert_nj": 100000,
    "ble_advertise_ms": 5000,
    "refill_ppm": 800000,
}
CONFIG = Config(**KEYS)
DEAR = Config(report_nj=20000000, **KEYS)
# Of 20 uW asleep and 0.1 mJ in ten minutes at 1.85 V and 80 %, in nAh a block.
OWN_NAH = int((20e-6 * 14400 + 24 * 0.1e-3 / 1) / 1.85 / 0.8 / 3600 * 1e9)


class Planned:
    """A node whose cell gets and gives what a test says."""

    def __init__(self, config=CONFIG):
        self.config = config
        self.memory = bytearray(SIZE)
        self.now_s = self.nah = 0
        self.soc_ppm = 700000
        self.step = 0

    def report(self, is_charging=0, boots=False, **fields):
        """Report now; return the wakes to the next report."""
        values = {
            "up_s": self.now_s,
            "full_nah": FULL_NAH,
            "soc_ppm": self.soc_ppm,
            "soc_sigma_ppm": 10000,
            "available_nah": self.soc_ppm,
            "available_sigma_nah": 10000,
            "stored_nah": self.soc_ppm,
            "corrected_nah": self.soc_ppm - self.nah,
            "current_pa": None,
            "faults": 0,
        }
        values.update(fields)
        wakes = 0 if boots else self.now_s // self.config.sample_s + 1
        plan = ReportPlan(memoryview(self.memory), self.config)
        plan.update(wakes, Namespace(**values), is_charging)
        assert int.from_bytes(self.memory[:4], "little") == wakes
        planned = self.memory[4] | self.memory[5] << 8
        self.step = planned // STEP
        return planned % STEP * max(1, self.step)

    def live(self, days, by_day_nah, by_night_nah=-OWN_NAH):
        """Live from midnight on: light from the third to the fourth block; return the reports."""
        made, end_s = 0, self.now_s + days * 86400
        while self.now_s < end_s:
            block = self.now_s // BLOCK_S % 6
            is_light = block in (2, 3)
            wakes = self.report(int(is_light))
            assert 2 <= wakes <= 24
            made += 1
            step_s = 600 * wakes
            moved = (by_day_nah if is_light else by_night_nah) * step_s // BLOCK_S
            self.nah += moved
            self.soc_ppm = max(0, min(1000000, self.soc_ppm + moved))
            self.now_s += step_s
        return made


def planner_bytes(node):
    return bytes(node.memory[26:])


def test_a_node_that_knows_nothing_reports_as_seldom_as_it_may():
    assert Planned().report() == 24


def test_a_node_of_which_nobody_knows_the_charge_does_too():
    node = Planned()
    node.soc_ppm = 1000000
    node.live(14, 4 * OWN_NAH)
    assert node.report() < 24
    assert node.report(soc_ppm=None) == 24
    assert node.report(full_nah=None) == 24


def test_bright_weeks_are_learnt_and_reports_come_more_often():
    node = Planned()
    first, _, last = (
        node.live(7, 4 * OWN_NAH),
        node.live(7, 4 * OWN_NAH),
        node.live(7, 4 * OWN_NAH),
    )
    assert last > first
    for block in range(42):  # what the blocks have brought, in units of 2000 ppm
        brought_nah = planner_bytes(node)[block] * 2000
        expected_nah = 5 * OWN_NAH if block % 6 in (2, 3) else 0
        assert abs(brought_nah - expected_nah) <= 4000 + 0.1 * expected_nah


def test_a_full_cell_in_the_light_reports_as_often_as_it_may():
    node = Planned()
    node.soc_ppm = 960000
    assert node.report(is_charging=1) == 2
    assert node.report(is_charging=0) == 24


def test_reports_are_for_nothing_where_the_cell_takes_all_that_its_converter_brings():
    """40 uA for as long as it was: gaps between bursts mean that all of the harvest is used, and a
    current that was larger follows the light."""
    for gained_nah, wakes in (
        (80000, 2),
        (77000, 2),
        (70000, 24),
        (-1000, 24),
        (83000, 2),
        (90000, 24),
    ):
        node = Planned()
        node.report(is_charging=1)
        node.now_s += 7200
        node.nah += gained_nah
        assert node.report(is_charging=1, current_pa=40000000) == wakes
    for current_pa in (None, 0, -40000000):  # between two bursts, or after dusk
        node.now_s += 600
        node.nah += 7000
        assert node.report(is_charging=1, current_pa=current_pa) == 24


def test_in_the_dark_a_node_wakes_rarely():
    """Each five minutes, unless it looks for light less often already, and at no other interval
    between reports than planned."""
    for sample_s, most, wakes, step in ((60, 120, 120, 5), (7, 1440, 1440, 15), (600, 24, 24, 1)):
        node = Planned(Config(**dict(KEYS, sample_s=sample_s, report_every=1, report_most=most)))
        assert (node.report(), node.step) == (wakes, step)
        assert (node.report(is_charging=1), node.step) == (wakes, 0)
    for most in range(2, 40):
        node = Planned(Config(**dict(KEYS, sample_s=60, report_every=1, report_most=most)))
        assert 0.8 * most - 1 < node.report() <= most
        assert node.step <= 5


def test_rare_wakes_are_counted_as_they_were():
    """What the harvester has spared the cell is what the node has taken."""
    brought = []
    for every in (1, 5):
        node = Planned(Config(**dict(KEYS, sample_s=60, wake_nj=5000000)))
        plan = ReportPlan(memoryview(node.memory), node.config)
        values = {"full_nah": FULL_NAH, "soc_ppm": 500000, "soc_sigma_ppm": 10000}
        values.update({"available_nah": None, "stored_nah": 0, "corrected_nah": 0, "faults": 0})
        for at_s in (0, 7200, 14400):
            fields = Namespace(up_s=at_s, current_pa=None, **values)
            plan.update(1 + at_s // 60 // every, fields, 0)
        brought.append(planner_bytes(node)[0])
    own = OWN_NAH * 20e-6 / (20e-6 + 24 * 0.1e-3 / 14400)
    a_wake = 5e-3 / 1.85 / 0.8 / 3600 * 1e9
    for found, wakes in zip(brought, (240, 48)):
        expected = (own + wakes * a_wake + 2 * (a_wake + 500 * 0.1e-3)) / 2000
        assert abs(found - expected) <= 0.1 * expected + 1


def test_what_is_left_of_an_interval_counts_for_the_next():
    """Sixteen reports of one plan take as many wakes as its interval has sixteenths."""
    node, fractions = Planned(DEAR), 0
    node.live(14, 4 * OWN_NAH)
    for node.soc_ppm in range(300000, 800000, 5000):
        node.report(boots=True)  # plans anew
        made = [node.report() for _ in range(16)]
        assert max(made) - min(made) <= 1
        assert max(made) == -(-sum(made) // 16)
        fractions += sum(made) % 16 > 0
    assert fractions


def test_what_an_earlier_version_has_learnt_is_forgotten():
    """It has other places in the memory."""
    node = Planned()
    for at in range(SIZE):
        node.memory[at] = 255
    node.memory[25] = 3  # known to that version
    assert node.report() == 24
    assert set(planner_bytes(node)) == {0}


def test_a_boot_begins_its_block_anew_and_forgets_nothing():
    node = Planned()
    node.live(8, 4 * OWN_NAH)
    before = planner_bytes(node)
    node.now_s, node.nah = 40, node.nah - 50000  # nobody knows where that went
    node.report(boots=True)
    assert planner_bytes(node) == before
    node.now_s += 3600
    node.report()
    assert planner_bytes(node) == before  # no block has ended


def test_a_long_silence_is_made_good_block_by_block():
    node = Planned()
    node.report()
    node.now_s, node.nah = 10 * 86400, 60 * OWN_NAH
    node.report()
    learnt = planner_bytes(node)
    assert set(learnt[:42]) == {2 * OWN_NAH // 2000}  # spread evenly: as much as it took
    node.now_s += 400 * 86400
    assert 2 <= node.report() <= 24


def test_a_line_of_the_ledger_beyond_what_a_record_holds_hides_no_harvest():
    """Some mAh a day reach the 2147 mAh of a field in years, and the ledger goes on."""
    learnt = []
    for measured_mah, lost_mah in ((1, -1), (3000, -2900)):
        node, gauge = Planned(), LedgerOnly()
        ledger, pc_a_mah = gauge.ledger, 1000000 * PC_A_NAH
        ledger.add_pc(MEASURED, measured_mah * pc_a_mah)
        ledger.add_pc(LOSS, lost_mah * pc_a_mah)
        ledger.add_pc(CORRECTED, -(measured_mah + lost_mah) * pc_a_mah)
        for _ in range(5):  # a block, report by report
            fields = Namespace()
            add_ledger_fields(fields, gauge)
            sums = dict(fields.__dict__)
            sums.update({"soc_ppm": node.soc_ppm, "full_nah": FULL_NAH, "current_pa": None})
            sums["stored_nah"] = ledger.stored_pc() // PC_A_NAH
            node.report(**sums)
            node.now_s += BLOCK_S // 4
            ledger.add_pc(MEASURED, OWN_NAH * PC_A_NAH)
        learnt.append(planner_bytes(node)[0] * 2000)
    assert learnt[0] == learnt[1]
    assert abs(learnt[0] - 5 * OWN_NAH) <= 4000


def test_the_closed_ledger_of_another_cell_is_no_harvest():
    node = Planned()
    for faults, corrected_nah in [(FAULT_CELL, -400000)] + 4 * [(0, 0)]:
        node.report(stored_nah=500000, corrected_nah=corrected_nah, faults=faults)
        node.now_s += BLOCK_S // 4
    assert abs(planner_bytes(node)[0] * 2000 - OWN_NAH) <= 4000
