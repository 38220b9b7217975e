"""Environments of known crystals and defects."""

from __future__ import annotations

import numpy as np
from defectgenome.schemas.environment import Environment
from defectgenome.tasks.reconstruction.crystal import Crystal
from scipy.spatial.transform import Rotation

RADIUS = 14.0
TURNED = Rotation.from_euler("xyz", [17.0, -41.0, 73.0], degrees=True).as_matrix()


def lattice(crystal: Crystal, radius: float = RADIUS) -> np.ndarray:
    """Atoms of a perfect crystal around one of them, nearest first."""
    n = int(np.ceil(radius / (crystal.lattice_constant * 0.5)))
    grid = np.stack(np.meshgrid(*[np.arange(-n, n + 1)] * 3, indexing="ij"), -1).reshape(-1, 3)
    x = ((grid @ crystal.primitive)[:, None] + crystal.basis).reshape(-1, 3) * crystal.lattice_constant
    x = x[(x**2).sum(1) < radius**2]
    return x[np.argsort((x**2).sum(1).round(6), kind="stable")]


def environment(positions: np.ndarray, symbol: str, rotation: np.ndarray | None = None) -> Environment:
    """Sorted by distance after a rotation."""
    x = positions if rotation is None else positions @ rotation
    x = x[np.argsort((x**2).sum(1).round(6), kind="stable")]
    return Environment(x, (symbol,) * len(x), RADIUS)
