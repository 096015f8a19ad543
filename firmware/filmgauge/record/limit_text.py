"""Limits as text: "none", or kinds with their level such as "under_voltage:fault+cold:warning".

As an integer a kind has two bits, the first of KINDS the lowest (control/limits.py, `word`).
"""

from filmgauge.compat import const

# Each as one text: words that are texts of their own stay in the heap for good.
KINDS = const("over_voltage under_voltage over_charge over_discharge warm cold sensor ")
LEVELS = const("warning limit fault ")
_KINDS = const(7)


def nth_word(words: str, number: int) -> str:
    """Return one of the words of a text, each of which has a space behind it."""
    at = 0
    for _ in range(number):
        at = words.find(" ", at) + 1
    return words[at : words.find(" ", at)]


def limit_text(word: int) -> str:
    """Return the text of a word of limits."""
    parts = []
    for i in range(_KINDS):
        level = word >> 2 * i & 3
        if level:
            parts.append(nth_word(KINDS, i) + ":" + nth_word(LEVELS, level - 1))
    return "+".join(parts) or "none"
