"""The perfect crystal with the sampling potential: its lattice constant and energies."""

from __future__ import annotations

import itertools
import math

import numpy as np

from ...schemas.campaign import Material
from ...schemas.errors import SimulationError
from .crystal import Crystal
from .engine import Configuration, Engine

SPAN = (0.88, 1.14)  # of the material's lattice constant: where the minimum is looked for
SMALLEST_CELL = 8.0  # A: keeps LAMMPS' ghost shell reasonable


def measure_crystal(engine: Engine, material: Material) -> Crystal:
    """
    Relax the perfect crystal's volume.

    In an alloy each element has its own reference energy, that of its pure crystal of the same structure; the
    lattice constant stays the material's.

    Parameters
    ----------
    engine
        LAMMPS with the sampling potential.
    material
        Structure, elements and approximate lattice constant.

    Raises
    ------
    SimulationError
        If the energy has no minimum near the material's lattice constant.
    """
    if len(material.elements) == 1:
        a, energy = _relaxed(engine, material, material.elements[0])
        return Crystal(material.structure, a, energy, material.c_over_a)
    energies = {e: _relaxed(engine, material, e, wide=True)[1] for e in material.elements}
    mean = sum(energies.values()) / len(energies)
    return Crystal(material.structure, material.lattice_constant, mean, material.c_over_a, energies)


def _relaxed(engine: Engine, material: Material, element: str, *, wide: bool = False) -> tuple[float, float]:
    from scipy.optimize import minimize_scalar

    low, high = (f * material.lattice_constant for f in ((0.75, 1.35) if wide else SPAN))
    found = minimize_scalar(
        lambda a: _energy(engine, Crystal(material.structure, float(a), -1.0, material.c_over_a), element),
        bounds=(low, high),
        method="bounded",
        options={"xatol": 1e-7},
    )
    a, energy = float(found.x), float(found.fun)
    if not energy < 0 or min(a - low, high - a) < 1e-3 * material.lattice_constant:
        raise SimulationError(
            f"{element} {material.structure}: the potential has no minimum of the energy for a lattice constant in "
            f"{low:.3f}..{high:.3f} A (material.lattice_constant is {material.lattice_constant:g})"
        )
    return a, energy


def _energy(engine: Engine, crystal: Crystal, element: str) -> float:
    """Energy of a supercell, eV per atom."""
    a, primitive = crystal.lattice_constant, crystal.primitive
    if np.linalg.det(primitive) < 0:
        primitive = -primitive
    n = math.ceil(SMALLEST_CELL / (a * min(1.0, float(np.linalg.norm(primitive, axis=1).min()))))
    grid = np.array(list(itertools.product(range(n), repeat=3))) @ primitive
    positions = (grid[:, None] + crystal.basis[None]).reshape(-1, 3) * a
    state = engine.evaluate(Configuration(primitive * n * a, positions, (element,) * len(positions), 0))
    return state.energy / len(positions)
