"""Energies, forces and stress of small cells with any LAMMPS pair style."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..schemas.pair_potential import PairPotential
from .lammps import create_atoms, create_box, gather, lammps_session, pressure_tensor, to_lammps_cell, wrap

if TYPE_CHECKING:
    from ase import Atoms

VOIGT = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))  # ASE's order: xx yy zz yz xz xy


@dataclass(frozen=True)
class Evaluation:
    """
    Result of one evaluation.

    Attributes
    ----------
    energy
        eV.
    forces
        eV/A, shape (N, 3).
    stress
        eV/A^3, positive in tension, ASE's Voigt order, shape (6,).
    energies
        eV per atom, shape (N,).
    """

    energy: float
    forces: np.ndarray
    stress: np.ndarray
    energies: np.ndarray


@contextlib.contextmanager
def pair_calculator(potential: PairPotential) -> Iterator[PairCalculator]:
    """Open one LAMMPS instance that evaluates structure after structure."""
    with tempfile.TemporaryDirectory(prefix="pair-") as name, lammps_session() as lmp:
        potential.write(Path(name))
        yield PairCalculator(lmp, potential, Path(name))


class PairCalculator:
    """Evaluates structures with one potential; made by `pair_calculator`."""

    def __init__(self, lmp: Any, potential: PairPotential, directory: Path) -> None:
        self._lmp = lmp
        self._potential = potential
        self._directory = directory

    def evaluate(self, atoms: Atoms) -> Evaluation:
        """
        Evaluate one structure.

        A direction without periodicity gets room around the atoms; the stress is then that of the given cell.

        Raises
        ------
        ValueError
            If the structure has an element that the potential was not loaded for, or a cell without volume.
        """
        self._load(atoms)
        lmp = self._lmp
        lmp.commands_list(
            [
                "compute pea all pe/atom",
                "thermo_style custom step pe pxx pyy pzz pxy pxz pyz",
                "run 0 post no",
            ]
        )
        forces = gather(lmp, "f") @ self._rotation.T
        stress = -self._rotation @ pressure_tensor(lmp) @ self._rotation.T * self._volume_ratio
        return Evaluation(
            energy=float(lmp.get_thermo("pe")),
            forces=forces,
            stress=np.array([stress[i, j] for i, j in VOIGT]),
            energies=gather(lmp, "c_pea", 1),
        )

    def _load(self, atoms: Atoms) -> None:
        cell, positions, pbc = boxed(atoms)
        H, Q = to_lammps_cell(cell)
        self._rotation = Q
        self._volume_ratio = abs(np.linalg.det(cell)) / atoms.get_volume() if atoms.cell.rank == 3 else 1.0
        index = {e: i for i, e in enumerate(self._potential.elements, 1)}
        symbols = atoms.get_chemical_symbols()
        unknown = sorted(set(symbols) - index.keys())
        if unknown:
            raise ValueError(f"{unknown=}: the potential was loaded for {self._potential.elements}")
        lmp = self._lmp
        lmp.command("clear")
        create_box(lmp, H, len(index), pbc=pbc)
        lmp.commands_list(self._potential.commands(self._directory))
        lmp.commands_list(["neighbor 0.5 bin", "neigh_modify every 1 delay 0 check yes"])
        create_atoms(lmp, wrap(positions @ Q, H, pbc), [index[s] for s in symbols])


def boxed(atoms: Atoms) -> tuple[np.ndarray, np.ndarray, tuple[bool, bool, bool]]:
    """
    Give a structure a box that LAMMPS takes: right-handed, along non-periodic directions 10 A beyond the atoms.

    Returns
    -------
    tuple
        (cell, positions with the origin at the box corner, pbc).

    Raises
    ------
    ValueError
        If a periodic direction has no cell vector, or a cell with mixed periodicity is not block-like there.
    """
    pbc = (bool(atoms.pbc[0]), bool(atoms.pbc[1]), bool(atoms.pbc[2]))
    cell = np.array(atoms.cell, float)
    positions = atoms.get_positions()
    if all(pbc):
        return _right_handed(cell, positions, pbc)
    for k in range(3):
        if not pbc[k]:
            others = [cell[j] for j in range(3) if j != k]
            axis = cell[k] if np.linalg.norm(cell[k]) > 1e-9 else np.eye(3)[k]
            if any(pbc[j] and abs(np.dot(axis, cell[j])) > 1e-6 for j in range(3) if j != k):
                axis = np.cross(others[0], others[1])
            axis = axis / np.linalg.norm(axis)
            span = positions @ axis
            cell[k] = axis * (span.max() - span.min() + 20.0)
            positions = positions + axis * (10.0 - span.min())
    return _right_handed(cell, positions, pbc)


def _right_handed(
    cell: np.ndarray, positions: np.ndarray, pbc: tuple[bool, bool, bool]
) -> tuple[np.ndarray, np.ndarray, tuple[bool, bool, bool]]:
    """Exchange the first two vectors of a left-handed cell: the same crystal, named another way."""
    if np.linalg.det(cell) < 0:
        return cell[[1, 0, 2]], positions, (pbc[1], pbc[0], pbc[2])
    return cell, positions, pbc
