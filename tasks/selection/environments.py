"""Cut environments out of snapshots."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np

from ...schemas.environment import Environment
from ...schemas.errors import InputError
from ...schemas.keys import rounded
from ...schemas.snapshot import Snapshot
from .blocks import heights

PROVENANCE = ("scenario", "kind", "stage", "file", "frame", "step", "time_ps", "temperature_K", "family")


def cut(snapshot: Snapshot, atom: int, radius: float, info: Mapping[str, Any] | None = None) -> Environment:
    """
    Cut one atom with all atoms and images around it.

    With ``snapshot.info["line_axis"]`` (0, 1 or 2: the cell vector along a dislocation line) and a period shorter
    than twice the radius, the context is a cylinder around the line, one period long.

    Parameters
    ----------
    snapshot
        Where from.
    atom
        Index of the centre.
    radius
        Radius of the context, A.
    info
        Added to the provenance.

    Raises
    ------
    InputError
        If there is no such atom, or ``line_axis`` is not a periodic direction.
    """
    if not 0 <= atom < len(snapshot):
        raise InputError(f"environment: atom {atom} of a snapshot of {len(snapshot)}")
    cell = np.asarray(snapshot.cell, float)
    axis = _line_axis(snapshot, radius)
    vectors, indices = _images(snapshot, atom, radius, axis)
    across = vectors
    if axis is not None:
        along = cell[axis] / np.linalg.norm(cell[axis])
        across = vectors - np.outer(vectors @ along, along)
    near = np.linalg.norm(across, axis=1) < radius
    vectors, indices = rounded(vectors[near]), indices[near]
    distance = np.linalg.norm(vectors, axis=1)
    # equal distances are ordered by coordinates: the id does not depend on how the simulation numbers its atoms
    order = np.lexsort((vectors[:, 2], vectors[:, 1], vectors[:, 0], distance))
    provenance = {k: snapshot.info[k] for k in PROVENANCE if k in snapshot.info}
    return Environment(
        positions=vectors[order],
        symbols=tuple(snapshot.elements[snapshot.types[i]] for i in indices[order]),
        context_radius=float(radius),
        line=None if axis is None else rounded(cell[axis]),
        info={**provenance, "atom": int(atom), **(info or {})},
    )


def _line_axis(snapshot: Snapshot, radius: float) -> int | None:
    axis = snapshot.info.get("line_axis")
    if axis is None:
        return None
    if axis not in (0, 1, 2) or not snapshot.pbc[axis]:
        raise InputError(f"snapshot: line_axis {axis!r} is not one of its periodic directions {snapshot.pbc}")
    return int(axis) if np.linalg.norm(snapshot.cell[axis]) < 2 * radius else None


def _images(snapshot: Snapshot, atom: int, radius: float, axis: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Vectors to all images within a parallelepiped that holds the sphere (or cylinder), and their indices."""
    cell = np.asarray(snapshot.cell, float)
    reach = radius / heights(cell)
    f = np.linalg.solve(cell.T, (snapshot.positions - snapshot.positions[atom]).T).T
    shifts = []
    for k in range(3):
        if not snapshot.pbc[k]:
            shifts.append(range(1))
            continue
        f[:, k] -= np.round(f[:, k])
        n = 0 if k == axis else int(np.ceil(max(0.0, reach[k] - 0.5)))
        shifts.append(range(-n, n + 1))
        if k == axis:
            reach[k] = 1.0
    vectors, indices = [], []
    for shift in itertools.product(*shifts):
        found = np.flatnonzero((np.abs(f + shift) <= reach).all(axis=1))
        vectors.append((f[found] + shift) @ cell)
        indices.append(found)
    return np.vstack(vectors), np.concatenate(indices)
