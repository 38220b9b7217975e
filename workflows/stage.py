"""A stage: items of work that can be done now, as a static jobflow flow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..schemas.artifact import Item
from ..schemas.keys import canonical_json, digest

Chain = tuple[Item, ...]  # items computed one after the other in one place


@dataclass(frozen=True)
class Stage:
    """
    One stage of one iteration.

    Attributes
    ----------
    iteration
        0 is the basic set and EIP-GS.
    name
        ``sampling``, ``selection``, ``reconstruction``, ...
    chains
        All its work, done or not; items of a chain run in order in the same process.
    """

    iteration: int
    name: str
    chains: tuple[Chain, ...]

    @property
    def id(self) -> str:
        """Stable id: the same work has the same id, whatever part of it is done."""
        keys = sorted(item.key for chain in self.chains for item in chain)
        return f"{self.iteration}.{self.name}.{digest(canonical_json(keys))[:12]}"

    @property
    def items(self) -> tuple[Item, ...]:
        """All items of all chains."""
        return tuple(item for chain in self.chains for item in chain)


def singles(items: Sequence[Item]) -> tuple[Chain, ...]:
    """One chain an item, each key once, in the order of the keys."""
    unique = {item.key: item for item in items}
    return tuple((unique[key],) for key in sorted(unique))
