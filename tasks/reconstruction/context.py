"""What is the core of an environment, and what surrounds it: the definitions that builder and check share."""

from __future__ import annotations

import numpy as np

from ...schemas.environment import Environment


def one_period(environment: Environment) -> np.ndarray:
    """Positions of the environment; along a dislocation line the images nearest to the centre, A, shape (N, 3)."""
    x = environment.positions
    if environment.line is None:
        return x
    along = x @ environment.line / float(environment.line @ environment.line)
    return x - np.outer(np.round(along), environment.line)


def core_indices(environment: Environment, n_core: int) -> np.ndarray:
    """Indices of the core in the environment's order: the atoms nearest to the centre, shape (n_core,)."""
    distance = np.linalg.norm(one_period(environment), axis=1)
    return np.sort(np.argsort(distance.round(8), kind="stable")[:n_core])


def core_first(environment: Environment, core_radius: float) -> tuple[np.ndarray, int]:
    """
    Order in which cells are built: the core in the environment's order, then the rest by distance.

    Returns
    -------
    tuple
        (indices, shape (N,); size of the core).
    """
    distance = np.linalg.norm(one_period(environment), axis=1)
    n_core = int(np.count_nonzero(distance < core_radius))
    core = core_indices(environment, n_core)
    others = np.setdiff1d(np.arange(len(environment)), core)
    return np.concatenate([core, others[np.argsort(distance[others].round(8), kind="stable")]]), n_core


def surroundings(environment: Environment, radius: float) -> tuple[np.ndarray, tuple[str, ...]]:
    """
    All atoms around the centre, periodic images along a dislocation line included.

    Returns
    -------
    tuple
        (positions, A, sorted by distance; symbols).
    """
    x, symbols = one_period(environment), np.array(environment.symbols)
    if environment.line is not None:
        k = int(np.ceil(radius / np.linalg.norm(environment.line))) + 1
        shifts = np.arange(-k, k + 1)[:, None] * environment.line
        x = (x[None] + shifts[:, None]).reshape(-1, 3)
        symbols = np.tile(symbols, len(shifts))
    distance = np.linalg.norm(x, axis=1)
    order = np.argsort(distance.round(8), kind="stable")
    order = order[distance[order] < radius]
    return x[order], tuple(str(s) for s in symbols[order])
