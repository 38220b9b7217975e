"""Reconstruct one environment as a small periodic cell."""

from __future__ import annotations

from collections import Counter

import numpy as np
from scipy.spatial import cKDTree

from ...schemas.artifact import Refusal
from ...schemas.campaign import Material, Reconstruction
from ...schemas.cell import Cell
from ...schemas.environment import Environment
from ...schemas.errors import InputError, SimulationError
from ...schemas.keys import derive_seed, rounded
from ...schemas.pair_potential import PairPotential
from ..lammps import to_lammps_cell
from .cell_frames import cell_to_atoms
from .cells import image_gap, reduce_cell
from .context import surroundings
from .engine import Configuration, Engine, State, open_engine
from .perfect import measure_crystal
from .search import Search, make_search
from .verify import Report, shortest_distance, verify

__all__ = ["cell_to_atoms", "check_options", "reconstruct"]

VACUUM = 15.0  # A around the context cluster: beyond the reach of any potential here
SHELLS = 1.32  # of the neighbour distance: whose forces `neighbour_force_error` averages (3.6 A in tungsten)
MAX_CHECKED = 12  # finished cells that are verified before giving up


def reconstruct(
    environment: Environment,
    potential: PairPotential,
    options: Reconstruction,
    material: Material,
    seed: int,
) -> Cell | Refusal:
    """
    Build a periodic cell that holds an environment unchanged and strains its seam as little as it can.

    Every cell returned has passed `verify` after rounding. In alloys the seam is filled with the context's own
    species; inserted atoms are of the potential's first element.

    Parameters
    ----------
    environment
        Centre, core and context.
    potential
        The sampling potential.
    options
        Radii, cap, effort.
    material
        The host; its lattice constant is relaxed with the potential.
    seed
        Of the random candidate cells.

    Returns
    -------
    Cell or Refusal
        Refusal codes: ``no_feasible_cell``, ``core_overlap``, ``lae_violated``, ``over_cap``,
        ``no_convergence``; the reasons say what was tried and what to change.

    Raises
    ------
    InputError
        If the options contradict each other or the environment, or the potential lacks an element.
    SimulationError
        If the potential has no such crystal.
    """
    check_options(environment, potential, options)
    with open_engine(potential) as engine:
        crystal = measure_crystal(engine, material)
        search = make_search(environment, options, crystal, engine, potential.elements[0])
        if search.n_core > options.max_atoms:
            return _refusal("no_feasible_cell", search)
        states = search.run(derive_seed(seed, "candidate cells"))
        if not states:
            return _refusal(_why_empty(search), search)
        try:
            reference = context_forces(engine, environment, search.context[: search.n_core])
        except SimulationError:
            return _refusal("no_convergence", search)
        codes: Counter[str] = Counter()
        for state in states[:MAX_CHECKED]:
            try:
                cell, report = finish(engine, state, environment, search, reference, seed)
            except SimulationError:
                codes["no_convergence"] += 1
                continue
            if report.verdict == "ok":
                return cell
            codes.update(report.codes)
    return _refusal(_as_failure(codes), search, dict(codes))


def check_options(environment: Environment, potential: PairPotential, options: Reconstruction) -> None:
    """Raise InputError for what cannot work; see `reconstruct`."""
    if not 0 < options.exact_radius <= options.core_radius:
        raise InputError(
            f"exact_radius {options.exact_radius} must be positive and at most core_radius {options.core_radius} (A)"
        )
    if options.core_radius > environment.context_radius:
        raise InputError(
            f"core_radius {options.core_radius} exceeds the environment's context of {environment.context_radius} A"
        )
    unknown = sorted(set(environment.symbols) - set(potential.elements))
    if unknown:
        raise InputError(f"the environment has {' '.join(unknown)}; potential {potential.name} was loaded without")


def finish(
    engine: Engine,
    state: State,
    environment: Environment,
    search: Search,
    reference: np.ndarray,
    seed: int,
) -> tuple[Cell, Report]:
    """
    Round a configuration to what will be labelled, evaluate that, and verify it.

    Parameters
    ----------
    engine, state, environment, search, seed
        As in the search.
    reference
        Forces on the core in its context, eV/A, shape (n_core, 3).
    """
    c = state.configuration
    h, rotation = to_lammps_cell(reduce_cell(c.cell))
    h, positions = rounded(h), rounded(c.positions @ rotation)
    exact = engine.evaluate(Configuration(h, positions, c.symbols, c.n_core))
    errors = np.linalg.norm(exact.forces[: c.n_core] @ rotation.T - reference, axis=1)
    near = np.linalg.norm(c.core, axis=1) < SHELLS * search.crystal.neighbour_distance
    near[0] = False
    line = None if environment.line is None else environment.line @ rotation
    cell = Cell(
        cell=h,
        positions=positions,
        symbols=c.symbols,
        core=np.arange(len(c)) < c.n_core,
        environment=str(environment.info.get("environment", environment.id)),
        rotation=rotation,
        energy_per_atom=exact.energy / len(c),
        excess_energy=search.goal.excess(exact),
        dmin=shortest_distance(positions, h),
        image_gap=image_gap(positions[: c.n_core], h, 6.0, line),
        centre_force_error=float(errors[0]),
        neighbour_force_error=float(errors[near].mean()) if near.any() else 0.0,
        status="ok",
        seed=seed,
    )
    report = verify(
        environment,
        cell,
        max_atoms=search.options.max_atoms,
        exact_radius=search.options.exact_radius,
        minimum_distance=search.crystal.minimum_distance,
    )
    return cell, report


def context_forces(engine: Engine, environment: Environment, core: np.ndarray) -> np.ndarray:
    """Forces on the core in its context, a cluster in vacuum, eV/A, shape (n_core, 3); exact at the centre."""
    cluster, symbols = surroundings(environment, environment.context_radius + 1e-6)
    side = 2.0 * float(np.abs(cluster).max()) + VACUUM
    forces = engine.evaluate(Configuration(side * np.eye(3), cluster, symbols, 1)).forces
    return forces[cKDTree(cluster).query(core)[1]]


def _why_empty(search: Search) -> str:
    tally = search.tally
    if tally.feasible == 0:
        return "no_feasible_cell"
    counts = {"over_cap": tally.over_cap, "lae_violated": tally.not_exact, "no_convergence": tally.failed}
    return max(counts, key=lambda code: counts[code])


def _as_failure(codes: Counter[str]) -> str:
    names = {"core_moved": "lae_violated", "too_close": "no_convergence"}
    code = codes.most_common(1)[0][0]
    return names.get(code, code)


_ADVICE = {
    "no_feasible_cell": "the core touches its own images in all of them: a smaller core_radius or a larger max_atoms",
    "over_cap": "too many atoms: a smaller core_radius or a larger max_atoms",
    "lae_violated": "the centre's environment did not survive: a larger max_atoms, or an exact_radius further below"
    " core_radius",
    "core_overlap": "core atoms came too close to their images: a smaller core_radius or a larger max_atoms",
    "no_convergence": "the seam could not be relaxed: a higher effort, or a larger max_atoms",
}


def _refusal(code: str, search: Search, found: dict[str, int] | None = None) -> Refusal:
    o, tally = search.options, search.tally
    tried = (
        f"{tally.tried} cells tried, {tally.feasible} with room for the core of {search.n_core} atoms "
        f"({o.core_radius} A, cap {o.max_atoms}), {tally.stitched} stitched, {tally.refined} refined"
    )
    data = {
        **tally.to_dict(),
        "n_core": search.n_core,
        "core_radius": o.core_radius,
        "exact_radius": o.exact_radius,
        "max_atoms": o.max_atoms,
        "verification": found or {},
    }
    return Refusal(code, (tried, _ADVICE[code]), data)
