"""Relaxation of atoms in a fixed cell with any LAMMPS pair style."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ..pair_calculator import PairCalculator

if TYPE_CHECKING:
    from ase import Atoms


def relax(
    atoms: Atoms, calculator: PairCalculator, *, max_force: float = 1e-3, steps: int = 200
) -> tuple[Atoms, float]:
    """
    Relax positions by BFGS.

    Parameters
    ----------
    atoms
        Start; is not changed.
    calculator
        Of the potential.
    max_force
        Convergence, eV/A.
    steps
        At most.

    Returns
    -------
    tuple
        (relaxed structure, energy in eV).
    """
    from ase.calculators.calculator import Calculator, all_changes
    from ase.optimize import BFGSLineSearch

    class _Bridge(Calculator):
        implemented_properties: ClassVar[list[str]] = ["energy", "forces"]  # type: ignore[misc]

        def calculate(self, atoms: Any = None, properties: Any = None, system_changes: Any = all_changes) -> None:
            super().calculate(atoms, properties, system_changes)
            answer = calculator.evaluate(atoms)
            self.results = {"energy": answer.energy, "forces": answer.forces}

    work = atoms.copy()
    work.calc = _Bridge()
    BFGSLineSearch(work, logfile=os.devnull).run(fmax=max_force, steps=steps)
    energy = float(work.get_potential_energy())
    work.calc = None
    assert np.isfinite(energy)
    return work, energy
