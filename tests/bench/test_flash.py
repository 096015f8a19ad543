"""What flashing is measured with is a board that comes up each time."""

import re

from bench import flash


def test_a_board_gets_what_it_lacks_and_comes_up() -> None:
    whole, again, one_module = (
        int(re.sub(r"\D", "", each.value.split(" bytes")[0])) for each in flash.report(rounds=1)
    )
    assert again < whole / 20
    assert again < one_module < whole / 4
