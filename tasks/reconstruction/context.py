"""What is the core of an environment, and what surrounds it: the definitions that builder and check share."""

from __future__ import annotations

import numpy as np

from ...schemas.environment import Environment


def core_distances(environment: Environment) -> np.ndarray:
    """Distance of each atom from the centre, or from the dislocation line through it, A, shape (N,)."""
    x = environment.positions
    if environment.line is not None:
        axis = environment.line / np.linalg.norm(environment.line)
        x = x - np.outer(x @ axis, axis)
    return np.linalg.norm(x, axis=1)


def core_size(environment: Environment, radius: float) -> int:
    """Number of core atoms for a core radius, A."""
    return int(np.count_nonzero(core_distances(environment) < radius))


def core_indices(environment: Environment, n_core: int) -> np.ndarray:
    """Indices of the core in the environment's order: the atoms nearest to the centre, or to the line."""
    nearest = np.argsort(core_distances(environment).round(8), kind="stable")
    return np.sort(nearest[:n_core])


def surroundings(environment: Environment, radius: float) -> tuple[np.ndarray, tuple[str, ...]]:
    """
    All atoms around the centre, periodic images along a dislocation line included.

    Returns
    -------
    tuple
        (positions, A, sorted by distance; symbols).
    """
    x, symbols = environment.positions, np.array(environment.symbols)
    if environment.line is not None:
        k = int(np.ceil((radius + np.abs(x @ environment.line).max()) / np.linalg.norm(environment.line))) + 1
        shifts = np.arange(-k, k + 1)[:, None] * environment.line
        x = (x[None] + shifts[:, None]).reshape(-1, 3)
        symbols = np.tile(symbols, len(shifts))
    distance = np.linalg.norm(x, axis=1)
    order = np.argsort(distance.round(8), kind="stable")
    order = order[distance[order] < radius]
    return x[order], tuple(str(s) for s in symbols[order])
