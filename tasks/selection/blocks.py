"""Cut a large structure into blocks of bounded size, each with the atoms around it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Block:
    """
    A part of a structure that can be computed by itself.

    Attributes
    ----------
    core
        Indices of its own atoms, sorted, shape (n,).
    indices
        Indices of all atoms in it: the core, then those around it (an atom may come as several images).
    positions
        A, of ``indices``, inside the cell.
    cell
        Rows are the cell vectors, A.
    pbc
        Periodicity of the block.
    """

    core: np.ndarray
    indices: np.ndarray
    positions: np.ndarray
    cell: np.ndarray
    pbc: tuple[bool, bool, bool]


def heights(cell: np.ndarray) -> np.ndarray:
    """Distances between opposite faces of a cell, A, shape (3,)."""
    return 1.0 / np.linalg.norm(np.linalg.inv(np.asarray(cell, float)), axis=0)


def spatial_blocks(
    positions: np.ndarray, cell: np.ndarray, pbc: Sequence[bool], reach: float, max_atoms: int
) -> Iterator[Block]:
    """
    Cut a structure into blocks by halving its longest side until a block has few enough atoms.

    Parameters
    ----------
    positions
        A, shape (N, 3).
    cell
        Rows are the cell vectors, A.
    pbc
        Periodicity along the three vectors.
    reach
        Atoms closer than this to a block's bounding box come with it, A.
    max_atoms
        Largest number of core atoms.

    Yields
    ------
    Block
        Clusters without periodicity, 10 A of room around.
    """
    cell = np.asarray(cell, float)
    f = np.linalg.solve(cell.T, np.asarray(positions, float).T).T
    for k in range(3):
        if pbc[k]:
            f[:, k] -= np.floor(f[:, k])
    h = heights(cell)
    pending = [np.arange(len(f))]
    while pending:
        core = pending.pop()
        if len(core) > max_atoms:
            side = int(np.argmax(np.ptp(f[core], axis=0) * h))
            order = core[np.argsort(f[core, side], kind="stable")]
            pending += [np.sort(order[len(order) // 2 :]), np.sort(order[: len(order) // 2])]
            continue
        around, shifts = _surroundings(f, core, pbc, reach / h)
        fractional = np.vstack([f[core], f[around] + shifts])
        x = fractional @ cell
        low = x.min(axis=0) - 10.0
        yield Block(
            core=core,
            indices=np.concatenate([core, around]),
            positions=x - low,
            cell=np.diag(x.max(axis=0) + 10.0 - low),
            pbc=(False, False, False),
        )


def _surroundings(
    f: np.ndarray, core: np.ndarray, pbc: Sequence[bool], reach: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return (indices, shifts) of the atoms and images within ``reach`` (fractional) of the core's box."""
    low, high = f[core].min(axis=0) - reach, f[core].max(axis=0) + reach
    images = [range(int(np.floor(low[k])), int(np.floor(high[k])) + 1) if pbc[k] else range(1) for k in range(3)]
    own = np.zeros(len(f), bool)
    own[core] = True
    indices, shifts = [], []
    for shift in itertools.product(*images):
        moved = f + shift
        near = ((moved >= low) & (moved <= high)).all(axis=1)
        if not any(shift):
            near &= ~own
        found = np.flatnonzero(near)
        indices.append(found)
        shifts.append(np.tile(np.array(shift, float), (len(found), 1)))
    return np.concatenate(indices), np.vstack(shifts)
