"""Cells as frames of an extended XYZ file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...schemas.cell import Cell
from ...schemas.errors import InputError

if TYPE_CHECKING:
    from ase import Atoms

_SCALARS = (
    "energy_per_atom",
    "excess_energy",
    "dmin",
    "image_gap",
    "centre_force_error",
    "neighbour_force_error",
)
_REQUIRED = ("environment", "n_core")


def cell_to_atoms(cell: Cell) -> Atoms:
    """Frame of a cell: ``info`` has what the cell knows, array ``core`` marks the held atoms; atom 0 is the centre."""
    from ase import Atoms as AseAtoms

    out = AseAtoms(symbols=list(cell.symbols), positions=cell.positions, cell=cell.cell, pbc=True)
    out.info.update(cell.info)
    out.info.update(status=cell.status, environment=cell.environment, n_core=cell.n_core, seed=cell.seed)
    out.info.update({name: float(getattr(cell, name)) for name in _SCALARS})
    out.info["rotation"] = np.asarray(cell.rotation, float)
    out.set_array("core", np.asarray(cell.core, bool))
    return out


def cell_from_atoms(atoms: Atoms) -> Cell:
    """
    Read a cell back from its frame.

    Raises
    ------
    InputError
        If it is not periodic or lacks ``environment``, ``n_core`` or the core's marks.
    """
    info = dict(atoms.info)
    missing = [key for key in _REQUIRED if key not in info]
    if missing:
        raise InputError(f"cell frame: info lacks {', '.join(missing)}; is this a file that `reconstruct` wrote?")
    if not all(atoms.pbc):
        raise InputError(f"cell {info['environment']}: pbc={atoms.pbc.tolist()}, a cell is periodic in all directions")
    n_core = int(info.pop("n_core"))
    core = np.array(atoms.arrays.get("core", np.arange(len(atoms)) < n_core), bool)
    if core.sum() != n_core or not 0 < n_core <= len(atoms) or not core[:n_core].all():
        raise InputError(f"cell {info['environment']}: n_core={n_core}, but array core marks others than the first")
    scalars = {name: float(info.pop(name, np.nan)) for name in _SCALARS}
    return Cell(
        cell=np.array(atoms.cell),
        positions=atoms.get_positions(),
        symbols=tuple(atoms.get_chemical_symbols()),
        core=core,
        environment=str(info.pop("environment")),
        rotation=np.array(info.pop("rotation", np.eye(3)), float).reshape(3, 3),
        status=str(info.pop("status", "ok")),
        seed=int(info.pop("seed", 0)),
        info=info,
        **scalars,
    )
