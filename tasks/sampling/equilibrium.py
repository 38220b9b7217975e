"""Lattice constant and cohesive energy of a potential."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...schemas.campaign import Material, Structure
from ...schemas.errors import SimulationError
from ...schemas.pair_potential import PairPotential
from ..pair_calculator import PairCalculator, pair_calculator
from .lattice import bulk_block
from .system import occupy

ALLOY_REPEATS = (4, 4, 4)


def lattice_constant(potential: PairPotential, structure: Structure) -> tuple[float, float]:
    """
    Equilibrium of a perfect crystal at 0 K; hcp with the ideal c/a.

    An alloy is a random solution with equal shares, unrelaxed: the mean spacing that its crystals start from.

    Parameters
    ----------
    potential
        Any pair style.
    structure
        Crystal structure.

    Returns
    -------
    tuple
        (lattice constant a in A, energy in eV per atom).

    Raises
    ------
    SimulationError
        If the energy has no minimum near the volume of the elements.
    """
    from scipy.optimize import brentq

    guess = _guess(potential.elements, structure)
    with pair_calculator(potential) as calculator:
        grid = guess * np.linspace(0.82, 1.22, 21)
        energies = np.array([_state(calculator, potential, structure, a)[0] for a in grid])
        lowest = int(energies.argmin())
        if lowest in {0, len(grid) - 1}:
            raise SimulationError(
                f"{potential.name} {structure}: no minimum of the energy for a in {grid[0]:.3f}..{grid[-1]:.3f} A"
            )
        a0 = float(
            brentq(
                lambda a: _state(calculator, potential, structure, a)[1], grid[lowest - 1], grid[lowest + 1], xtol=1e-9
            )
        )
        return a0, _state(calculator, potential, structure, a0)[0]


def _state(calculator: PairCalculator, potential: PairPotential, structure: Structure, a: float) -> tuple[float, float]:
    """Return (energy per atom, mean normal stress)."""
    from ase import Atoms

    elements = potential.elements
    material = Material(elements=elements, structure=structure, lattice_constant=a)
    positions, cell = bulk_block(material, ALLOY_REPEATS if len(elements) > 1 else (1, 1, 1))
    types = occupy(len(positions), len(elements), seed=1)
    atoms = Atoms([elements[t] for t in types], positions=positions, cell=cell, pbc=True)
    result = calculator.evaluate(atoms)
    return result.energy / len(atoms), float(result.stress[:3].mean())


def _guess(elements: tuple[str, ...], structure: Structure) -> float:
    """Lattice constant that gives the elements their mean atomic volume in their own crystals."""
    from ase.data import atomic_numbers, covalent_radii, reference_states

    per_cell = {"bcc": 2, "fcc": 4, "diamond": 8}
    volumes = []
    for element in elements:
        state: dict[str, Any] = reference_states[atomic_numbers[element]] or {}
        symmetry, a = state.get("symmetry"), state.get("a")
        if a is not None and symmetry in {"bcc", "fcc", "diamond"}:
            volumes.append(a**3 / per_cell[symmetry])
        elif a is not None and symmetry == "hcp":
            volumes.append(a**3 * state.get("c/a", np.sqrt(8 / 3)) * np.sqrt(3) / 4)
        else:
            volumes.append((2 * float(covalent_radii[atomic_numbers[element]])) ** 3 / np.sqrt(2))
    if structure == "hcp":
        return float((np.mean(volumes) * np.sqrt(2)) ** (1 / 3))
    return float((np.mean(volumes) * per_cell[structure]) ** (1 / 3))
