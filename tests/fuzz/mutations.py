"""Changes an input as a fuzzer does: bits, edges of numbers, pieces of itself and of others."""

import random
from collections.abc import Callable, Iterator, Sequence

from target import Target

_EDGES = (b"\x00", b"\xff", b"\x7f\xff\xff\xff", b"\x80\x00\x00\x00", b"\xff" * 8)
_NUMBERS = (
    b"0", b"-1", b"1e999", b"nan", b"inf", b"4294967296", b"-9223372036854775809", b"true",
    b'""', b"[]", b"{}", b"null", b"0.1", b"1" * 400, b"'''", b"[[", b"1979-05-27",
)  # fmt: skip
_LONGEST = 4096


def mutated(target: Target, count: int, seed: int) -> Iterator[bytes]:
    """Yield `count` inputs, the same for the same seed."""
    chance = random.Random(seed)
    seeds = target.seeds()
    words = (*target.words, *_EDGES, *_NUMBERS)
    for _ in range(count):
        data = bytearray(chance.choice(seeds))
        for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
            chance.choice(_CHANGES)(data, chance, words, seeds)
        yield bytes(data[:_LONGEST])


def _flip(data, chance, words, seeds):
    if data:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def _byte(data, chance, words, seeds):
    if data:
        data[chance.randrange(len(data))] = chance.randrange(256)


def _cut(data, chance, words, seeds):
    begin, end = _span(data, chance)
    del data[begin:end]


def _end(data, chance, words, seeds):
    del data[chance.randrange(len(data) + 1) :]


def _word(data, chance, words, seeds):
    at = chance.randrange(len(data) + 1)
    word = chance.choice(words)
    data[at : at + chance.choice((0, len(word)))] = word


def _value(data, chance, words, seeds):
    """Put a word in the place of what stands behind an equals sign or a colon."""
    places = [at for at, byte in enumerate(data) if byte in b"=:"]
    if places:
        at = chance.choice(places) + 1
        ends = [end for end in range(at, len(data)) if data[end] in b",}\n"]
        data[at : ends[0] if ends else len(data)] = chance.choice(words)


def _repeat(data, chance, words, seeds):
    begin, end = _span(data, chance)
    data[begin:begin] = bytes(data[begin:end]) * chance.choice((1, 2, 20))


def _cross(data, chance, words, seeds):
    other = chance.choice(seeds)
    data[chance.randrange(len(data) + 1) :] = other[chance.randrange(len(other) + 1) :]


def _span(data, chance):
    begin = chance.randrange(len(data) + 1)
    return begin, min(len(data), begin + chance.choice((1, 2, 4, 16, 64)))


_Change = Callable[[bytearray, random.Random, Sequence[bytes], Sequence[bytes]], None]
_CHANGES: tuple[_Change, ...] = (_flip, _byte, _cut, _end, _word, _value, _value, _repeat, _cross)
