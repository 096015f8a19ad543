"""How old a film is: the state that cycling changes, apart from its charge."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class LifeState:
    """The age of a film; every number is one of a state, none a parameter.

    A cycle here is an equivalent full one: as much charge as one discharge and one charge of the
    whole film, passed at 25 degC (warmth counts more, see ageing.py).
    """

    # Share of the film that was never charged: 1 as built, 0 after the first full charge.
    virgin: float = 0.0
    # How far the first cycles have opened the film: 0 as built, 1 when formed.
    activation: float = 1.0
    # Cycles since the film was built.
    cycles: float = 0.0
    # Share of the film that fast cycling has cut off for the time being.
    stranded: float = 0.0
    # How far the film has become used to fast cycling: 0 not at all, 1 wholly.
    adaptation: float = 0.0

    def __post_init__(self) -> None:
        for name in ("virgin", "activation", "stranded", "adaptation"):
            value = getattr(self, name)
            if not 0.0 <= value <= 1.0:
                raise ValueError(f"{name} must be from 0 to 1, not {value!r}.")
        if not 0.0 <= self.cycles <= 1e9:
            raise ValueError(f"cycles must be from 0 to 1e9, not {self.cycles!r}.")

    @classmethod
    def as_built(cls) -> "LifeState":
        """A film that has never been charged."""
        return cls(virgin=1.0, activation=0.0)

    @classmethod
    def formed(cls) -> "LifeState":
        """A film after its first cycles, with its full capacity."""
        return cls()

    def charged_to(self, stoichiometry: float) -> "LifeState":
        """The state after a charge that ended at the given mean stoichiometry."""
        virgin = max(0.0, min(self.virgin, 1.0 - stoichiometry))
        # A first charge that reached the last per cent has opened the whole film.
        return replace(self, virgin=0.0 if virgin < 0.01 else virgin)
