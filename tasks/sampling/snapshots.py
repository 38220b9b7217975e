"""Snapshots as frames of extended XYZ, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...schemas.errors import InputError
from ...schemas.snapshot import Snapshot
from ..lammps import to_lammps_cell, wrap
from ..pair_calculator import boxed

if TYPE_CHECKING:
    from ase import Atoms

CENTRES = "centre_allowed"  # integer column: atoms that may be centres
ENERGIES = "atom_energy"  # column, eV
LEAST_ROOM = 1.0  # A between atoms and a free face of the box


def snapshot_to_atoms(snapshot: Snapshot) -> Atoms:
    """Frame of a snapshot, with the columns ``centre_allowed`` and, where known, ``atom_energy``."""
    from ase import Atoms as AseAtoms

    frame = AseAtoms(snapshot.symbols, positions=snapshot.positions, cell=snapshot.cell, pbc=snapshot.pbc)
    frame.set_array(CENTRES, snapshot.centres.astype(int))
    if snapshot.energies is not None:
        frame.set_array(ENERGIES, np.asarray(snapshot.energies, float))
    frame.info.update(snapshot.info)
    return frame


def snapshot_from_atoms(atoms: Atoms, elements: tuple[str, ...], where: str) -> Snapshot:
    """
    Turn a frame into a snapshot.

    Parameters
    ----------
    atoms
        Atoms without a column ``centre_allowed`` may all be centres.
    elements
        Chemical symbols by type.
    where
        Begins the message of an error.

    Raises
    ------
    InputError
        If it has another element, no finite positions, or no cell along a periodic direction.
    """
    symbols = atoms.get_chemical_symbols()
    unknown = sorted(set(symbols) - set(elements))
    if unknown:
        raise InputError(f"{where}: has {' '.join(unknown)}, the material is {' '.join(elements)}")
    if not len(atoms) or not np.isfinite(atoms.get_positions()).all():
        raise InputError(f"{where}: no atoms, or positions that are not finite")
    try:
        cell, positions, pbc = with_room(atoms)
        lower, rotation = to_lammps_cell(cell)
    except ValueError as error:
        raise InputError(f"{where}: {error}") from error
    index = {e: i for i, e in enumerate(elements)}
    allowed, energies = atoms.arrays.get(CENTRES), atoms.arrays.get(ENERGIES)
    return Snapshot(
        positions=wrap(positions @ rotation, lower, pbc),
        cell=lower,
        pbc=pbc,
        types=np.array([index[s] for s in symbols]),
        elements=elements,
        centres=np.ones(len(atoms), bool) if allowed is None else np.asarray(allowed).astype(bool),
        energies=None if energies is None else np.asarray(energies, float),
        info={k: v for k, v in ((k, _plain(v)) for k, v in atoms.info.items()) if v is not None},
    )


def with_room(atoms: Atoms) -> tuple[np.ndarray, np.ndarray, tuple[bool, bool, bool]]:
    """
    Keep a frame's box where atoms have room along its free directions, else make that room.

    Returns
    -------
    tuple
        (cell, positions from its corner, pbc).

    Raises
    ------
    ValueError
        If a periodic direction has no cell vector.
    """
    cell, positions = np.array(atoms.cell, float), atoms.get_positions()
    pbc = (bool(atoms.pbc[0]), bool(atoms.pbc[1]), bool(atoms.pbc[2]))
    if abs(np.linalg.det(cell)) > 1e-6:
        fractions = np.linalg.solve(cell.T, positions.T).T
        heights = 1 / np.linalg.norm(np.linalg.inv(cell), axis=0)
        free = [k for k in range(3) if not pbc[k]]
        margins = [min(fractions[:, k].min(), 1 - fractions[:, k].max()) * heights[k] for k in free]
        if all(m >= LEAST_ROOM for m in margins):
            return cell, positions, pbc
    return boxed(atoms)


def _plain(value: Any) -> Any:
    """JSON scalar of an info entry, None for anything else."""
    if isinstance(value, np.generic):
        value = value.item()
    return value if isinstance(value, str | bool | int | float) else None
