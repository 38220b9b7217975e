"""The directory of a trained potential: written in one order, read back with every file checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from ...schemas.errors import InputError
from ...schemas.pair_potential import PairPotential
from ...schemas.potential import CARD_NAME, PotentialCard
from .pod import pod_potential

if TYPE_CHECKING:
    from ..selection.active_set import ActiveSet


@dataclass(frozen=True)
class TrainedPotential:
    """
    A trained potential with its card.

    Attributes
    ----------
    files
        File name -> contents, all but the card.
    card
        What it is.
    """

    files: Mapping[str, bytes]
    card: PotentialCard

    def potential(self) -> PairPotential:
        """The potential itself, for LAMMPS."""
        return self._with_coefficients(self.card.files["coefficients"])

    def members(self) -> list[PairPotential]:
        """The ensemble, the potential itself first; empty without one."""
        if not self.card.members:
            return []
        return [self.potential(), *(self._with_coefficients(name) for name in self.card.members)]

    def active_set(self) -> ActiveSet:
        """
        Return the active set of the training structures.

        Raises
        ------
        InputError
            If the potential has none.
        """
        from ..selection.active_set import ActiveSet

        name = self.card.files.get("active_set")
        if name is None:
            raise InputError("this potential has no active set: train it again, or give --against DATA")
        return ActiveSet.from_bytes(self.files[name])

    def write(self, directory: Path) -> None:
        """Write all files, the card last: a directory with a card is complete."""
        directory.mkdir(parents=True, exist_ok=True)
        card = directory / CARD_NAME
        card.unlink(missing_ok=True)
        for name, data in self.files.items():
            (directory / name).write_bytes(data)
        text = json.dumps(self.card.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n"
        partial = directory / (CARD_NAME + ".part")
        partial.write_text(text, encoding="utf-8")
        partial.replace(card)

    def _with_coefficients(self, name: str) -> PairPotential:
        parameters = self.card.files["parameters"]
        files = {parameters: self.files[parameters], name: self.files[name]}
        label = f"{self.card.potential}-{self.card.size}"
        return pod_potential(files, self.card.elements, name=label)


def read_trained_potential(directory: Path | str) -> TrainedPotential:
    """
    Read a directory that `TrainedPotential.write` wrote.

    Raises
    ------
    InputError
        If it is not one, or files are missing.
    """
    directory = Path(directory)
    path = directory / CARD_NAME
    if not path.is_file():
        raise InputError(f"{directory}: no {CARD_NAME} in it; give the directory that `defectgenome train` wrote")
    try:
        card = PotentialCard.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{path}: {where}: {first['msg']}") from error
    names = [*card.files.values(), *card.members]
    missing = [name for name in names if not (directory / name).is_file()]
    if missing:
        raise InputError(f"{directory}: {', '.join(missing)} is missing; {CARD_NAME} names it")
    return TrainedPotential({name: (directory / name).read_bytes() for name in names}, card)
