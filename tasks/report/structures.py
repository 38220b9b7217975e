"""From frames to pictures: an environment and its cell in the same axes, and which of them are worth showing."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...schemas.environment import Environment
from ..frames import environment_from_atoms
from .data import Picture

if TYPE_CHECKING:
    from ase import Atoms

KEPT_WITHIN = 1.0  # A: an atom that moved less in the relaxation is the one of the context
SAME_CORE = 0.05  # A: the core of the cell is that of the environment
IMAGES = np.array(list(itertools.product((-1, 0, 1), repeat=3)))


@dataclass(frozen=True)
class Choice:
    """An environment that could be shown; ``gamma`` is 0 where it was not recorded."""

    iteration: int
    scenario: str
    gamma: float
    environment: str
    rebuilt: bool


def choose(choices: Sequence[Choice], most: int) -> list[Choice]:
    """
    Choose what to show: rebuilt ones with the largest gamma, in turns over iterations and scenarios.

    Parameters
    ----------
    choices
        All environments.
    most
        Number to return at most.
    """
    groups: dict[tuple[int, str], list[Choice]] = {}
    for c in sorted(choices, key=lambda c: (not c.rebuilt, -c.gamma, c.environment)):
        groups.setdefault((c.iteration, c.scenario), []).append(c)
    turns = itertools.zip_longest(*(groups[k] for k in sorted(groups)))
    found = [c for turn in turns for c in turn if c is not None]
    best = sorted(found, key=lambda c: not c.rebuilt)[:most]
    return sorted(best, key=lambda c: (c.iteration, c.scenario, -c.gamma, c.environment))


def picture(frame: Atoms, cell: Atoms | None, *, iteration: int, core_radius: float) -> Picture:
    """
    Bring an environment and its cell into the same axes.

    Parameters
    ----------
    frame
        Of the environment.
    cell
        As `cell_to_atoms` writes it, or None when the environment was refused.
    iteration
        That selected it.
    core_radius
        Used where there is no cell, A.
    """
    environment = environment_from_atoms(frame)
    info = environment.info
    n_core = int((np.linalg.norm(environment.positions, axis=1) < core_radius).sum())
    atoms, vectors, kept = np.empty((0, 3)), None, np.empty(0, bool)
    caption: dict[str, str] = {}
    if cell is not None:
        n_core = int(cell.info.get("n_core", n_core))
        atoms, vectors, kept = _in_axes_of(environment, cell, n_core)
        caption = _caption(cell, kept)
    return Picture(
        environment=str(info.get("environment", environment.id)),
        scenario=str(info.get("scenario", "")),
        iteration=iteration,
        gamma=float(info["gamma"]) if "gamma" in info else None,
        context=environment.positions,
        n_core=n_core,
        cell=vectors,
        atoms=atoms,
        kept=kept,
        line=environment.line,
        caption=caption,
    )


def _in_axes_of(environment: Environment, cell: Atoms, n_core: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Positions of a cell in the environment's axes, its vectors, and which atoms are of the context."""
    x = cell.get_positions() - cell.get_positions()[0]
    rotation = fit_rotation(x[:n_core], environment.positions[:n_core])
    vectors = np.array(cell.cell) @ rotation
    x = x @ rotation
    known = _with_line_images(environment)
    same = np.abs(x[:n_core] - environment.positions[:n_core]).max(initial=0.0) < SAME_CORE
    kept = np.zeros(len(x), bool)
    kept[:n_core] = same
    for i in range(n_core, len(x)):
        images = x[i] + IMAGES @ vectors
        gaps = np.linalg.norm(images[:, None] - known[None], axis=2).min(axis=1)
        lengths = np.linalg.norm(images, axis=1)
        near = np.flatnonzero((gaps < KEPT_WITHIN) & (lengths < lengths.min() + KEPT_WITHIN) & same)
        kept[i] = len(near) > 0
        pool = near if len(near) else np.arange(len(images))
        x[i] = images[pool[np.argmin(np.round(lengths[pool], 6))]]
    return x, vectors, kept


def _with_line_images(environment: Environment) -> np.ndarray:
    if environment.line is None:
        return environment.positions
    return np.concatenate([environment.positions + n * environment.line for n in (-2, -1, 0, 1, 2)])


def fit_rotation(points: np.ndarray, onto: np.ndarray) -> np.ndarray:
    """Rotation R for which ``points @ R`` comes closest to ``onto`` (Kabsch 1976), shape (3, 3)."""
    u, _, vt = np.linalg.svd(points.T @ onto)
    sign = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt)) or 1.0])
    return np.asarray(u * sign @ vt)


def _caption(cell: Atoms, kept: np.ndarray) -> dict[str, str]:
    info = cell.info
    out = {"atoms": str(len(cell)), "not from the context": str(int((~kept).sum()))}
    for key, name, unit in (
        ("excess_energy", "excess energy", "eV"),
        ("dmin", "shortest distance", "Å"),
        ("centre_force_error", "force error at the centre", "eV/Å"),
    ):
        if key in info and np.isfinite(float(info[key])):
            out[name] = f"{float(info[key]):.3g}\u00a0{unit}"
    return out
