"""The funnel from candidate cells to a few refined ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Literal

import numpy as np

from ...schemas.campaign import Reconstruction
from ...schemas.environment import Environment
from ...schemas.errors import SimulationError
from .candidates import candidate_cells
from .context import core_first, one_period, surroundings
from .crystal import Crystal
from .engine import Engine, State
from .host import host_orientations
from .line_candidates import line_cells
from .refine import Goal, refine
from .relax import relax_box
from .stitch import is_exact, stitch

Effort = Literal["quick", "standard", "thorough"]
SMALLEST_SHARE = 0.72  # of the cap: cells with fewer atoms are not tried
SMALLEST_LINE_SHARE = 0.85  # the same around a dislocation line, whose field wants room
GAP = 0.84  # of the neighbour distance: core to core image (2.3 A in tungsten)
OVERLAP = 0.73  # of the neighbour distance: closer atoms of the seam are thinned (2.0 A in tungsten)
GUARD = 0.29  # of the neighbour distance: no insertion closer to the exact sphere (0.8 A in tungsten)


@dataclass(frozen=True)
class Budget:
    """
    Width of the funnel.

    Attributes
    ----------
    hosts
        Host cells an orientation.
    randoms
        Random cells.
    kept
        Stitched cells whose box is relaxed.
    refined
        Cells refined.
    rounds
        Of refinement, at most.
    """

    hosts: int
    randoms: int
    kept: int
    refined: int
    rounds: int


BUDGETS: dict[Effort, Budget] = {
    "quick": Budget(50, 10, 12, 4, 2),
    "standard": Budget(100, 40, 30, 12, 3),
    "thorough": Budget(200, 160, 60, 24, 4),
}


@dataclass
class Tally:
    """How many cells each stage of the funnel had: what a refusal reports."""

    tried: int = 0
    feasible: int = 0
    over_cap: int = 0
    not_exact: int = 0
    failed: int = 0
    stitched: int = 0
    refined: int = 0
    hosts: int = 0

    def to_dict(self) -> dict[str, int]:
        """Plain JSON."""
        return dict(vars(self))


@dataclass(frozen=True)
class Search:
    """
    One search: the context, its core and the measures.

    Attributes
    ----------
    environment
        What to build a cell around.
    context
        Its positions, the core first, then by distance, A, shape (N, 3).
    symbols
        Chemical symbols of the context.
    n_core
        Size of the core.
    options, crystal
        What to build, of what.
    engine
        LAMMPS.
    goal
        Measures and limits.
    """

    environment: Environment
    context: np.ndarray
    symbols: tuple[str, ...]
    n_core: int
    options: Reconstruction
    crystal: Crystal
    engine: Engine
    goal: Goal
    tally: Tally = field(default_factory=Tally)

    def run(self, seed: int) -> list[State]:
        """Return refined cells, lowest excess energy per atom first; `tally` says where the others went."""
        budget = BUDGETS[self.options.effort]
        pool = self._stitched(self._cells(budget, np.random.default_rng(seed)))
        relaxed = [self._relaxed(state) for state in self._best(pool, budget.kept)]
        chosen = self._best(relaxed, budget.refined)
        done = [refine(self.engine, s, self.goal, rounds=budget.rounds, minimise_steps=80) for s in chosen]
        self.tally.refined = len(done)
        # each stage only ever lowers the score, and the unrefined are fallbacks
        return self._best(done, len(done)) + self._best(relaxed, len(relaxed))

    def _best(self, states: list[State], count: int) -> list[State]:
        return sorted(states, key=self.goal.score)[:count]

    def _cells(self, budget: Budget, rng: np.random.Generator) -> list[np.ndarray]:
        environment, line = self.environment, self.goal.line
        around, _ = surroundings(environment, environment.context_radius)
        orientations = host_orientations(around, self.crystal, environment.context_radius)
        largest = self.options.max_atoms
        if line is not None:  # beyond the context there is nothing to stitch
            section = np.pi * environment.context_radius**2
            largest = min(largest, int(1.1 * section * np.linalg.norm(line) / self.crystal.atomic_volume))
        share = SMALLEST_SHARE if line is None else SMALLEST_LINE_SHARE
        smallest = min(max(int(share * largest), self.n_core), largest)
        core, sizes, counts = self.context[: self.n_core], (smallest, largest), (budget.hosts, budget.randoms)
        if not orientations:
            counts = (0, budget.hosts + budget.randoms)
        if line is None:
            cells, tried = candidate_cells(core, orientations, self.crystal, sizes, counts, self.goal.gap, rng)
        else:
            cells, tried = line_cells(core, line, orientations, self.crystal, sizes, counts, self.goal.gap, rng)
        self.tally.tried, self.tally.feasible, self.tally.hosts = tried, len(cells), len(orientations)
        return cells

    def _stitched(self, cells: list[np.ndarray]) -> list[State]:
        pool = []
        overlap = OVERLAP * self.crystal.neighbour_distance
        for cell in cells:
            trial = stitch(
                self.context, self.symbols, self.n_core, cell, self.options.max_atoms, overlap, self.goal.line
            )
            if trial is None:
                self.tally.over_cap += 1
                continue
            if not self.goal.exact(trial):
                self.tally.not_exact += 1
                continue
            try:
                state = self.engine.minimise(trial, 25)
            except SimulationError:
                self.tally.failed += 1
                continue
            if self.goal.exact(state.configuration):
                pool.append(state)
            else:
                self.tally.not_exact += 1
        self.tally.stitched = len(pool)
        return pool

    def _relaxed(self, state: State) -> State:
        relaxed = relax_box(
            self.engine,
            state,
            steps=4,
            minimise_steps=50,
            stiffness=self.crystal.stiffness,
            gap=self.goal.gap,
            line=self.goal.line,
        )
        return relaxed if self.goal.exact(relaxed.configuration) else state


def make_search(
    environment: Environment,
    options: Reconstruction,
    crystal: Crystal,
    engine: Engine,
    filler: str,
) -> Search:
    """
    Set up a search.

    Parameters
    ----------
    environment
        What to build a cell around.
    options
        What the user chose.
    crystal
        Host.
    engine
        LAMMPS.
    filler
        Species of inserted atoms.
    """
    d = crystal.neighbour_distance
    order, n_core = core_first(environment, options.core_radius)
    expected = len(surroundings(environment, options.exact_radius - 1e-7)[0])
    exact = partial(is_exact, radius=options.exact_radius, expected=expected)
    goal = Goal(
        crystal=crystal,
        max_atoms=options.max_atoms,
        keep_out=options.exact_radius + GUARD * d,
        gap=GAP * d,
        line=environment.line,
        filler=filler,
        exact=exact,
    )
    symbols = tuple(environment.symbols[i] for i in order)
    return Search(environment, one_period(environment)[order], symbols, n_core, options, crystal, engine, goal)
