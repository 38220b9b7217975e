"""Box relaxation around a held core."""

from __future__ import annotations

import numpy as np

from ...schemas.errors import SimulationError
from .cells import image_gap
from .engine import Configuration, Engine, State

LARGEST_STRAIN = 0.02  # of one step
SMALLEST_STRAIN = 2e-4  # below: relaxed
LEAST_GAIN = 1e-3  # eV


def deformed(configuration: Configuration, strain: np.ndarray) -> Configuration:
    """Deform the cell and the mobile atoms about the centre; the core stays."""
    deform = np.eye(3) + strain
    positions = configuration.positions @ deform
    positions[: configuration.n_core] = configuration.core
    return Configuration(configuration.cell @ deform, positions, configuration.symbols, configuration.n_core)


def relax_box(
    engine: Engine,
    start: State | Configuration,
    *,
    steps: int,
    minimise_steps: int,
    stiffness: float,
    gap: float,
    line: np.ndarray | None,
) -> State:
    """
    Relax the cell vectors by preconditioned steepest descent, the atoms after every step.

    Parameters
    ----------
    engine
        LAMMPS.
    start
        A configuration is minimised first; a state counts as minimised.
    steps
        Strains to try.
    minimise_steps
        Conjugate gradient steps after each.
    stiffness
        Strain = -gradient / (volume x stiffness), eV/A^3.
    gap
        The core stays this clear of its images, A.
    line
        Period along a dislocation line, kept as it is.

    Returns
    -------
    State
        Of the lowest energy found.
    """
    best = start if isinstance(start, State) else engine.minimise(start, minimise_steps)
    damping = 1.0
    for _ in range(steps):
        volume = abs(float(np.linalg.det(best.configuration.cell)))
        strain = -best.box_gradient / (volume * stiffness) * damping
        if line is not None:
            strain -= np.outer(line, line @ strain) / float(line @ line)
        largest = float(np.abs(strain).max())
        if largest < SMALLEST_STRAIN:
            break
        trial = deformed(best.configuration, strain * min(1.0, LARGEST_STRAIN / largest))
        if image_gap(trial.core, trial.cell, gap + 0.01, line) < gap:
            damping *= 0.5
            continue
        try:
            state = engine.minimise(trial, minimise_steps)
        except SimulationError:
            damping *= 0.4
            continue
        if state.energy < best.energy - LEAST_GAIN:
            best, damping = state, min(damping * 1.2, 1.5)
        else:
            damping *= 0.4
            if damping < 0.1:
                break
    return best
