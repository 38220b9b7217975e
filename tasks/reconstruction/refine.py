"""Repair of the seam: atoms into voids, crowded atoms out, judged by the excess energy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.spatial import Delaunay, cKDTree

from ...schemas.errors import SimulationError
from .cells import heights, integer_grid
from .crystal import Crystal
from .engine import Configuration, Engine, State
from .relax import relax_box
from .stitch import delete_atom, insert_atom

VOID_SCALE = 1.10  # of the perfect crystal's largest void: larger ones may take an atom
MAX_SWEEPS = 16
MAX_VOIDS = 4
MAX_CROWDED = 2
CROWDED = 0.9  # eV above the perfect crystal's energy (tungsten)
LEAST_GAIN = 0.05  # eV of excess energy (tungsten) that an insertion or deletion must bring
FIRST_STEPS = 25
HOPELESS = 0.5  # eV of excess energy (tungsten) above the best after the first steps: only 1 in 140 recovers
MAX_RISE = 0.02  # eV/atom that it may cost
ROUND_GAIN = 5e-4  # eV/atom: another round must bring this


@dataclass(frozen=True)
class Goal:
    """
    What refinement must respect.

    Attributes
    ----------
    crystal
        Host: energies and scales.
    max_atoms
        Cap.
    keep_out
        No atom is inserted closer to the centre, A.
    gap
        Core to core image, A.
    line
        Period along a dislocation line, A, shape (3,), or None.
    filler
        Species of inserted atoms.
    exact
        Whether the centre's environment is still whole.
    """

    crystal: Crystal
    max_atoms: int
    keep_out: float
    gap: float
    line: np.ndarray | None
    filler: str
    exact: Callable[[Configuration], bool]

    def excess(self, state: State) -> float:
        """Energy minus that of as many atoms in the perfect crystal, eV."""
        return state.energy - self.crystal.reference_energy(state.configuration.symbols)

    def score(self, state: State) -> float:
        """Excess energy per atom, eV: the lower, the better."""
        return self.excess(state) / len(state.configuration)


def refine(engine: Engine, start: State, goal: Goal, *, rounds: int, minimise_steps: int) -> State:
    """
    Alternate sweeps of insertions and deletions with box relaxation until a round gains too little.

    Returns
    -------
    State
        Lowest excess energy per atom found with the environment whole.
    """
    best = start
    for done in range(rounds):
        before = goal.score(best)
        best = sweep(engine, best, goal, minimise_steps)
        if done and goal.score(best) == before:
            break
        relaxed = relax_box(
            engine,
            best,
            steps=4,
            minimise_steps=60,
            stiffness=goal.crystal.stiffness,
            gap=goal.gap,
            line=goal.line,
        )
        if goal.score(relaxed) < goal.score(best) and goal.exact(relaxed.configuration):
            best = relaxed
        if before - goal.score(best) < ROUND_GAIN * goal.crystal.energy_scale:
            break
    return best


def sweep(engine: Engine, start: State, goal: Goal, minimise_steps: int) -> State:
    """Insert and delete atoms one at a time as long as the excess energy falls."""
    scale = goal.crystal.energy_scale
    best = start
    for _ in range(MAX_SWEEPS):
        for trial in _trials(best, goal):
            try:
                state = engine.minimise(trial, FIRST_STEPS)
                if goal.excess(state) > goal.excess(best) + HOPELESS * scale:
                    continue
                state = engine.minimise(state.configuration, minimise_steps)
            except SimulationError:
                continue
            gains = goal.excess(state) < goal.excess(best) - LEAST_GAIN * scale
            if gains and goal.score(state) < goal.score(best) + MAX_RISE * scale and goal.exact(state.configuration):
                best = state
                break
        else:
            break
    return best


def _trials(state: State, goal: Goal) -> Iterator[Configuration]:
    """Configurations with one atom more (largest void first), then with one less (worst first)."""
    c = state.configuration
    if len(c) < goal.max_atoms:
        for place in voids(c, VOID_SCALE * goal.crystal.void_radius, 0.58 * goal.crystal.neighbour_distance):
            if nearest_to_origin(place, c.cell) > goal.keep_out:
                yield insert_atom(c, place, goal.filler)
    references = np.array([goal.crystal.reference_energy((s,)) for s in c.symbols])
    above = (state.energies - references)[c.n_core :]
    for k in np.argsort(-above, kind="stable")[:MAX_CROWDED]:
        if above[k] > CROWDED * goal.crystal.energy_scale:
            yield delete_atom(c, c.n_core + int(k))


def nearest_to_origin(place: np.ndarray, cell: np.ndarray) -> float:
    """Distance of a position, over all its images, from the origin, A."""
    grid = integer_grid(2) @ cell
    centred_place = place - np.round(place @ np.linalg.inv(cell)) @ cell
    return float(np.sqrt(((centred_place + grid) ** 2).sum(1).min()))


def voids(configuration: Configuration, radius: float, apart: float) -> list[np.ndarray]:
    """
    Centres of the largest empty spheres: circumcentres of the periodic Delaunay tetrahedra.

    Parameters
    ----------
    configuration
        Cell.
    radius
        Smaller ones do not count, A.
    apart
        Of two centres closer than this the larger sphere stays, A.

    Returns
    -------
    list of numpy.ndarray
        At most four, largest first, A.
    """
    cell, inverse = configuration.cell, np.linalg.inv(configuration.cell)
    points = _with_images(configuration.positions, cell, 2.0 * radius)
    delaunay = Delaunay(points)
    normals = delaunay.equations
    steep = np.abs(normals[:, 3]) > 1e-9
    centres = -normals[steep, :3] / (2.0 * normals[steep, 3:4] * delaunay.paraboloid_scale)
    f = centres @ inverse
    centres = centres[((f >= -1e-9) & (f < 1.0 - 1e-9)).all(1)]
    size = cKDTree(points).query(centres)[0] if len(centres) else np.empty(0)
    out: list[np.ndarray] = []
    for k in np.argsort(-size.round(7), kind="stable"):
        if size[k] < radius or len(out) == MAX_VOIDS:
            break
        if all(_periodic_distance(centres[k] - v, cell, inverse) >= apart for v in out):
            out.append(centres[k])
    return out


def _with_images(positions: np.ndarray, cell: np.ndarray, margin: float) -> np.ndarray:
    """Atoms in the cell and their images up to a margin around it, A."""
    f = positions @ np.linalg.inv(cell)
    f -= np.floor(f)
    edge = margin / heights(cell)
    k = np.ceil(edge).astype(int)
    shifts = integer_grid(k)
    f = (f[None] + shifts[:, None]).reshape(-1, 3)
    return f[((f > -edge) & (f < 1.0 + edge)).all(1)] @ cell


def _periodic_distance(vector: np.ndarray, cell: np.ndarray, inverse: np.ndarray) -> float:
    return float(np.linalg.norm(vector - np.round(vector @ inverse) @ cell))
