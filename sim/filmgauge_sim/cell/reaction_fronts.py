"""Reaction fronts in a film of two phases, one charged and one discharged.

Each change of direction starts a new front at the electrolyte, which moves in as far as charge
passes. Where it meets the front before it both vanish, and the next deeper one moves on: a film
remembers its turns as long as nothing has passed over them.

A position is the share u of the material that lies nearer to the electrolyte, 0 to 1. The film
consists of patches whose thickness is spread evenly over (1 - a) to (1 + a) of the mean: at depth
x (in mean thicknesses) the share S(x) of the area still has material,

    u = x,  S = 1                                for x <= 1 - a
    u = x - (x - 1 + a)^2 / (4 a),  S = sqrt((1 - u) / a)    beyond

A front at u carries the current through x of product on the area S: it is burdened by x / S, and
gets no further where the current times that burden exceeds what diffusion brings
(boundary_film.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt

# The last patches are not thinner than this share of the area, so that a burden stays finite.
_LEAST_AREA = 0.01
# Thin layers that nothing passes over are taken together: no film keeps them apart for ever.
_MOST_FRONTS = 40


def burden(position: float, spread: float) -> float:
    """Return x / S of a front at a position, in mean thicknesses; it rises from 0 to 200."""
    beyond = position - (1.0 - spread)
    if beyond <= 0.0:
        return max(position, 0.0)
    area = max(sqrt(max(1.0 - beyond / spread, 0.0)), _LEAST_AREA)
    return (1.0 - spread + 2.0 * spread * (1.0 - area)) / area


@dataclass(frozen=True, slots=True)
class ReactionFronts:
    """The fronts of a film: their positions from the deepest to the one at the electrolyte, and
    whether the phase at the electrolyte is the charged one. `beyond`: charge (share of the
    capacity) that was forced into a full film, or (negative) out of an empty one."""

    positions: tuple[float, ...]
    charged: bool
    beyond: float = 0.0

    @staticmethod
    def uniform(stoichiometry: float, charging: bool) -> "ReactionFronts":
        """Return a film that came to its stoichiometry from an end: the charged phase lies at the
        electrolyte where it was charging."""
        share = stoichiometry if charging else 1.0 - stoichiometry
        if share <= 0.0:
            return ReactionFronts((), not charging)
        return ReactionFronts((share,) if share < 1.0 else (), charging)

    def stoichiometry(self) -> float:
        """Return the charged share of the film."""
        total, above, charged = 0.0, 0.0, self.charged
        for position in (*reversed(self.positions), 1.0):
            if charged:
                total += position - above
            above, charged = position, not charged
        return total + self.beyond

    def working(self, charging: bool) -> float:
        """Return the position of the front that moves under a current of this direction: 0 where
        it starts one, 1 where all is converted already."""
        if self.beyond and (self.beyond > 0.0) != charging:
            return 0.0
        if charging != self.charged:
            return 0.0
        return self.positions[-1] if self.positions else 1.0

    def stretches(self, charging: bool) -> Iterator[tuple[float, float]]:
        """Yield (begin, end) of each way that a front moves without meeting another, in the order
        in which a current of this direction moves them; before 0 none has started yet."""
        if self.beyond and (self.beyond > 0.0) != charging:
            yield -abs(self.beyond), 0.0
        positions = list(self.positions)
        if charging != self.charged:
            positions.append(0.0)
        while positions:
            begin = positions.pop()
            yield begin, positions.pop() if positions else 1.0

    def moved(self, change: float) -> "ReactionFronts":
        """Return the film after a change of its stoichiometry (positive: charged)."""
        if not change:
            return self
        charging = change > 0.0
        if self.beyond and (self.beyond > 0.0) != charging:
            left = self.beyond + change
            if (left > 0.0) == (self.beyond > 0.0):
                return ReactionFronts(self.positions, self.charged, left)
            return ReactionFronts(self.positions, self.charged).moved(left)
        positions = list(self.positions)
        if charging != self.charged:
            positions.append(0.0)
        left = abs(change)
        while positions:
            begin = positions.pop()
            end = positions[-1] if positions else 1.0
            if left < end - begin:
                positions.append(begin + left)
                return ReactionFronts(_few(positions), charging)
            left -= end - begin
            if positions:
                positions.pop()
        return ReactionFronts((), charging, self.beyond + (left if charging else -left))

    def rescaled(self, scale: float) -> "ReactionFronts":
        """Return the film with another capacity and the same charge, ``scale`` times as large a
        share of it: material comes or goes at the back, discharged or charged as that needs."""
        wanted = self.stoichiometry() * scale
        positions = [position * scale for position in self.positions]
        while positions and positions[0] >= 1.0:
            positions.pop(0)
        film = ReactionFronts(tuple(positions), self.charged, self.beyond * scale)
        return film.with_back(wanted - film.stoichiometry())

    def with_back(self, change: float) -> "ReactionFronts":
        """Return the film with its stoichiometry changed at the back."""
        turned = ReactionFronts(
            tuple(1.0 - position for position in reversed(self.positions)),
            self.charged == (len(self.positions) % 2 == 0),
            self.beyond,
        ).moved(change)
        positions = tuple(1.0 - position for position in reversed(turned.positions))
        return ReactionFronts(
            positions, turned.charged == (len(positions) % 2 == 0), turned.beyond
        )


def _few(positions: list[float]) -> tuple[float, ...]:
    """Take the thinnest layer out where there are too many; its charge goes to its neighbour."""
    while len(positions) > _MOST_FRONTS:
        at = min(range(1, len(positions) - 1), key=lambda i: positions[i] - positions[i + 1])
        layer = positions[at] - positions[at + 1]
        positions[at - 1] -= layer
        del positions[at : at + 2]
    return tuple(positions)
