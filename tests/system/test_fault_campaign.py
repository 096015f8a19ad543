"""A sample of the faults of sensors that `make soak` tries by the thousand."""

import pytest
from fault_campaign import Case, cases, group, run, sample

SAMPLE = sample(21, seed=2)  # one of each group


def test_the_sample_has_every_group_of_faults() -> None:
    assert {group(case.fault) for case in SAMPLE} == {
        group(case.fault) for case in cases(4000, seed=2)
    }


@pytest.mark.parametrize("case", SAMPLE, ids=lambda case: group(case.fault).replace(" ", "-"))
def test_a_record_is_right_or_tells_a_fault(case: Case) -> None:
    result = run(case)
    assert result.records > 0
    assert result.bad == 0, result


# A charger came while two samples failed; a voltage of 25 mV; a thermometer 8 K off for good.
FOUND = (
    Case(
        "film",
        22098,
        {
            **{"kind": "register", "part": "ina228", "register": 0, "value": "zeros"},
            **{"count": 4, "at_h": 2.166669756821243},
        },
    ),
    Case(
        "film",
        1699,
        {
            **{"kind": "register", "part": "ina228", "register": 5, "value": "000800"},
            **{"for_h": 1 / 6, "at_h": 1.3333420957041793},
        },
    ),
    Case(
        "bench",
        45682,
        {
            **{"kind": "register", "part": "tmp117", "register": 0, "value": "flip10"},
            "at_h": 0.6334004522998774,
        },
    ),
)


@pytest.mark.parametrize("case", FOUND, ids=lambda case: group(case.fault).replace(" ", "-"))
def test_what_the_campaign_has_found_stays_mended(case: Case) -> None:
    result = run(case)
    assert result.told
    assert result.bad == 0, result
