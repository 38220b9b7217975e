"""Errors of a potential: energies and forces evaluated again from the file that will be used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ...schemas.errors import InputError
from ...schemas.pair_potential import PairPotential
from ..frames import energy_of, forces_of
from ..pair_calculator import pair_calculator
from .fitpod import frame_name
from .neighbours import check_neighbours

if TYPE_CHECKING:
    from ase import Atoms


@dataclass(frozen=True)
class Errors:
    """
    References and predictions, structure by structure.

    Attributes
    ----------
    n_atoms
        Atoms of each structure, shape (M,).
    energy_reference, energy_predicted
        eV per atom, shape (M,).
    force_reference, force_predicted
        eV/A, all structures one after the other, shape (sum of n_atoms, 3).
    labels
        The structures' values of the info key that was asked for; empty without one.
    """

    n_atoms: np.ndarray
    energy_reference: np.ndarray
    energy_predicted: np.ndarray
    force_reference: np.ndarray
    force_predicted: np.ndarray
    labels: tuple[str, ...] = ()

    def select(self, chosen: np.ndarray) -> Errors:
        """Keep the structures of a boolean mask, shape (M,)."""
        atoms = np.repeat(chosen, self.n_atoms)
        return Errors(
            self.n_atoms[chosen],
            self.energy_reference[chosen],
            self.energy_predicted[chosen],
            self.force_reference[atoms],
            self.force_predicted[atoms],
            tuple(name for name, keep in zip(self.labels, chosen, strict=True) if keep) if self.labels else (),
        )

    def summary(self) -> dict[str, Any]:
        """
        Reduce to numbers: meV per atom, and meV/A per force component.

        ``by`` holds the same for each value of the info key, if there was one.
        """
        if not len(self.n_atoms):
            return {"n_structures": 0, "n_atoms": 0}
        energy = 1000 * (self.energy_predicted - self.energy_reference)
        force = 1000 * (self.force_predicted - self.force_reference)
        out: dict[str, Any] = {
            "energy_rmse_mev_per_atom": float(np.sqrt(np.mean(energy**2))),
            "energy_mae_mev_per_atom": float(np.mean(np.abs(energy))),
            "force_rmse_mev_per_angstrom": float(np.sqrt(np.mean(force**2))),
            "force_mae_mev_per_angstrom": float(np.mean(np.abs(force))),
            "n_structures": len(self.n_atoms),
            "n_atoms": int(self.n_atoms.sum()),
        }
        if self.labels:
            names = np.array(self.labels)
            out["by"] = {}
            for name in sorted(set(self.labels)):
                out["by"][name] = replace(self.select(names == name), labels=()).summary()
        return out


def evaluate(potential: PairPotential, frames: Sequence[Atoms], by: str | None = None) -> Errors:
    """
    Evaluate labelled frames with a potential as LAMMPS reads it.

    Parameters
    ----------
    potential
        Any pair potential.
    frames
        Structures with energies and forces.
    by
        An info key to group by; frames without it are ``none``.

    Raises
    ------
    InputError
        If a frame has no labels, an element that the potential does not know, or an atom with too few
        neighbours for POD; the message names the frame.
    """
    energies: list[tuple[float, float]] = []
    references: list[np.ndarray] = []
    predictions: list[np.ndarray] = []
    check_evaluable(potential, frames)
    with pair_calculator(potential) as calculator:
        for frame in frames:
            result = calculator.evaluate(frame)
            energies.append((energy_of(frame) / len(frame), result.energy / len(frame)))
            references.append(forces_of(frame))
            predictions.append(result.forces)
    pairs = np.array(energies).reshape(-1, 2)
    return Errors(
        n_atoms=np.array([len(f) for f in frames], dtype=int),
        energy_reference=pairs[:, 0],
        energy_predicted=pairs[:, 1],
        force_reference=np.concatenate([np.empty((0, 3)), *references]),
        force_predicted=np.concatenate([np.empty((0, 3)), *predictions]),
        labels=() if by is None else tuple(str(f.info.get(by, "none")) for f in frames),
    )


def check_evaluable(potential: PairPotential, frames: Sequence[Atoms]) -> None:
    """
    Check that a potential can evaluate frames, before LAMMPS is asked to.

    Raises
    ------
    InputError
        For an element that it does not know, and for POD an atom with too few neighbours.
    """
    for i, frame in enumerate(frames):
        name = frame_name(frame, i)
        unknown = sorted(set(frame.get_chemical_symbols()) - set(potential.elements))
        if unknown:
            raise InputError(f"{name}: has {' '.join(unknown)}, the potential knows {' '.join(potential.elements)}")
        if potential.pair_style == "pod":
            check_neighbours(frame, float(potential.info["cutoff"]), name)
