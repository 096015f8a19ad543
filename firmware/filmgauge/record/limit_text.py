"""Limits as text: "none", or kinds with their level such as "under_voltage:fault+cold:warning".

As an integer a kind has two bits, the first of KINDS the lowest (gauge/limits.py, `word`).
"""

KINDS = (
    "over_voltage",
    "under_voltage",
    "over_charge",
    "over_discharge",
    "warm",
    "cold",
    "sensor",
)
LEVELS = ("warning", "limit", "fault")


def limit_text(word: int) -> str:
    """Return the text of a word of limits."""
    parts = []
    for i in range(len(KINDS)):
        level = word >> 2 * i & 3
        if level:
            parts.append(KINDS[i] + ":" + LEVELS[level - 1])
    return "+".join(parts) or "none"
