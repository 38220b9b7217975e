"""The acceptance gate of a label: one function a criterion, one verdict with every reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...schemas.artifact import Refusal
from ...schemas.reference import Limits

if TYPE_CHECKING:
    from ase import Atoms

MOVED = 1e-4  # A: positions that come back from a code's output carry its digits


@dataclass(frozen=True)
class Results:
    """
    What a calculation gave, before anyone believes it; None where it gave nothing.

    Attributes
    ----------
    energy
        Force-consistent energy, eV.
    forces
        eV/A, shape (N, 3).
    stress
        eV/A^3, positive in tension, ASE's Voigt order, shape (6,).
    """

    energy: float | None
    forces: np.ndarray | None
    stress: np.ndarray | None


@dataclass(frozen=True)
class Verdict:
    """
    Answer of the gate.

    Attributes
    ----------
    criteria
        Criterion -> whether it is met.
    reasons
        A sentence with the value for each one that is not.
    """

    criteria: Mapping[str, bool]
    reasons: tuple[str, ...]

    @property
    def accepted(self) -> bool:
        """Whether every criterion is met."""
        return not self.reasons

    def refusal(self, data: Mapping[str, Any] | None = None) -> Refusal:
        """The same answer as a refused result."""
        failed = sorted(name for name, met in self.criteria.items() if not met)
        return Refusal("gate", self.reasons, {"failed": failed, **(data or {})})


def judge(asked: Atoms, computed: Atoms, results: Results, limits: Limits) -> Verdict:
    """
    Judge one calculation by what every engine must fulfil.

    Parameters
    ----------
    asked
        The structure that a label is wanted for.
    computed
        The structure that the results belong to.
    results
        Energy, forces, stress.
    limits
        Largest force and pressure, smallest distance.
    """
    reasons = {
        "energy": energy_missing(results.energy),
        "forces": forces_missing(results.forces, len(asked)),
        "stress": stress_missing(results.stress, any(asked.pbc)),
        "force_limit": force_too_large(results.forces, limits.max_force),
        "pressure_limit": pressure_too_large(results.stress, limits.max_pressure),
        "distance": too_close(asked, limits.min_distance),
        "structure": structure_changed(asked, computed),
    }
    return verdict(reasons)


def verdict(reasons: Mapping[str, str | None]) -> Verdict:
    """Join the answers of criteria: None means met."""
    return Verdict({name: reason is None for name, reason in reasons.items()}, tuple(r for r in reasons.values() if r))


def energy_missing(energy: float | None) -> str | None:
    """Say what is wrong with an energy (eV), or None."""
    if energy is None:
        return "no energy"
    return None if np.isfinite(energy) else f"energy is {energy}"


def forces_missing(forces: np.ndarray | None, n_atoms: int) -> str | None:
    """Say what is wrong with the shape or the values of forces, or None."""
    if forces is None:
        return "no forces"
    if np.shape(forces) != (n_atoms, 3):
        return f"forces have the shape {np.shape(forces)} for {n_atoms} atoms"
    return None if np.isfinite(forces).all() else "forces are not all finite"


def stress_missing(stress: np.ndarray | None, needed: bool) -> str | None:
    """Say what is wrong with a stress, or None; a cluster needs none."""
    if stress is None:
        return "no stress" if needed else None
    if np.shape(stress) != (6,):
        return f"stress has the shape {np.shape(stress)}"
    return None if np.isfinite(stress).all() else "stress is not finite"


def force_too_large(forces: np.ndarray | None, limit: float) -> str | None:
    """Say which atom's force exceeds the limit (eV/A), or None."""
    if forces is None or np.ndim(forces) != 2 or not np.isfinite(forces).all() or not len(forces):
        return None  # said by another criterion
    size = np.linalg.norm(forces, axis=1)
    worst = int(size.argmax())
    return f"force on atom {worst} is {size[worst]:.2f} eV/A, limit {limit:g}" if size[worst] > limit else None


def pressure_too_large(stress: np.ndarray | None, limit: float) -> str | None:
    """Say that abs(pressure) exceeds the limit (eV/A^3), or None."""
    if stress is None or np.shape(stress) != (6,) or not np.isfinite(stress).all():
        return None
    pressure = -float(np.mean(stress[:3]))
    return f"pressure is {pressure:.2f} eV/A^3, limit {limit:g}" if abs(pressure) > limit else None


def too_close(atoms: Atoms, limit: float) -> str | None:
    """Say which atoms are closer than the limit (A), or None."""
    from ase.neighborlist import neighbor_list

    i, j, d = neighbor_list("ijd", atoms, limit)
    if not len(d):
        return None
    worst = int(d.argmin())
    return f"atoms {i[worst]} and {j[worst]} are {d[worst]:.2f} A apart, limit {limit:g}"


def structure_changed(asked: Atoms, computed: Atoms) -> str | None:
    """Say what differs between the structure asked for and the one computed, or None."""
    if asked.get_chemical_symbols() != computed.get_chemical_symbols():
        return "other atoms, or in another order, than those asked for"
    shift = np.abs(np.array(asked.cell) - np.array(computed.cell)).max() if any(asked.pbc) else 0.0
    if shift > MOVED:
        return f"cell vectors differ by up to {shift:.2g} A from those asked for"
    vectors = computed.get_positions() - asked.get_positions()
    if any(asked.pbc):
        from ase.geometry import find_mic

        vectors, _ = find_mic(vectors, asked.cell, asked.pbc)
    moved = np.linalg.norm(vectors, axis=1)
    worst = int(moved.argmax()) if len(moved) else 0
    if len(moved) and moved[worst] > MOVED:
        return f"atom {worst} moved by {moved[worst]:.2g} A"
    return None
