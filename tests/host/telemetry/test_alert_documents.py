"""docs/alerts.md says what the code has, and its example is a file that can be used."""

import re
from pathlib import Path

import pytest

from filmgauge_host.telemetry.alerts.destinations import build_destinations
from filmgauge_host.telemetry.alerts.rules import DEFAULT_RULES, Rule, load_rules

PAGE = Path(__file__).parents[3] / "docs" / "alerts.md"


def row(rule: Rule) -> str:
    bound = rule.kind.threshold
    threshold = hysteresis = "-"
    if bound is not None:
        side = "below" if bound.below else "from"
        threshold = f"{side} {rule.threshold:g} ({bound.low:g} to {bound.high:.7g}) {bound.unit}"
        hysteresis = f"{rule.hysteresis:g}"
    cells = (
        *(f"`{rule.name}`", rule.kind.summary, threshold, hysteresis),
        *(str(rule.hold), str(rule.keep_firing), rule.severity),
    )
    return f"| {' | '.join(cells)} |"


@pytest.mark.parametrize("rule", DEFAULT_RULES, ids=lambda rule: rule.name)
def test_each_rule_stands_in_the_table_with_its_defaults(rule):
    assert row(rule) in PAGE.read_text().splitlines()


def test_the_example_is_a_file_of_alerts(tmp_path, monkeypatch):
    (text,) = re.findall(r"```toml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    path = tmp_path / "alerts.toml"
    path.write_text(text)
    for name in re.findall(r'_env = "(\w+)"', text):
        monkeypatch.setenv(name, "secret")
    content = load_rules(path)
    assert len(content.rules) == len(DEFAULT_RULES) + 1
    built = build_destinations(content.destinations)
    assert [each.name for each in built] == ["ops", "mail", "desk", "bus"]
