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


def limit_word(text) -> int:
    """Return the word of a `limit_text`; raise ValueError for what is none."""
    if not isinstance(text, str):
        raise ValueError("limits must be text, not %r" % (text,))
    word = 0
    if text == "none":
        return word
    for part in text.split("+"):
        kind, _, level = part.partition(":")
        if kind not in KINDS or level not in LEVELS:
            raise ValueError("limits must be none or kind:level, not %r" % (part,))
        shift = 2 * KINDS.index(kind)
        if word >> shift & 3:
            raise ValueError("limits must tell %s once" % kind)
        word |= LEVELS.index(level) + 1 << shift
    return word
