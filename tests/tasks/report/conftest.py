"""A campaign that never was: plain numbers for every section of a report."""

from __future__ import annotations

import numpy as np
import pytest
from defectgenome.schemas.environment import Environment
from defectgenome.tasks.frames import environment_from_atoms, environment_to_atoms, frames_from_bytes, frames_to_bytes
from defectgenome.tasks.report.data import (
    ExploredRow,
    FamilyError,
    FunnelRow,
    GammaHistogram,
    LearningPoint,
    Parity,
    PropertyRow,
    RefusalRow,
    ReportData,
    ScenarioRow,
    TimeRow,
    Uncertainty,
)
from defectgenome.tasks.report.head import Head
from defectgenome.tasks.report.structures import picture

A = 3.165
VACANCY = np.full(3, A / 2)


def bcc_environment(rotation: np.ndarray, radius: float = 14.0) -> Environment:
    """Perfect bcc around an atom, one of its nearest neighbours missing."""
    n = np.arange(-6, 7)
    corners = A * np.array(np.meshgrid(n, n, n)).reshape(3, -1).T
    points = np.concatenate([corners, corners + A / 2]) @ rotation
    lengths = np.round(np.linalg.norm(points, axis=1), 6)
    points = points[np.lexsort((points[:, 2], points[:, 1], points[:, 0], lengths))]
    points = points[np.linalg.norm(points, axis=1) < radius]
    hole = np.linalg.norm(points - VACANCY @ rotation, axis=1) < 0.1
    points = points[~hole]
    out = Environment(points, ("W",) * len(points), radius, info={"scenario": "vacancies", "gamma": 3.25})
    [frame] = frames_from_bytes(frames_to_bytes([environment_to_atoms(out)]))
    return environment_from_atoms(frame)  # atoms in the order that a file gives them


def bcc_cell(environment: Environment, rotation: np.ndarray, turned: np.ndarray, repeat: int = 4):
    """Periodic cell of the environment: the core, then the crystal, in other axes (``turned``)."""
    from ase import Atoms

    core = environment.positions[np.linalg.norm(environment.positions, axis=1) < 6.0]
    n = np.arange(repeat)
    corners = A * np.array(np.meshgrid(n, n, n)).reshape(3, -1).T
    vectors = A * repeat * np.eye(3) @ rotation
    sites = np.concatenate([corners, corners + A / 2]) @ rotation
    inverse = np.linalg.inv(vectors)

    def gaps(points):
        d = (sites[:, None] - points[None]) @ inverse
        return np.linalg.norm((d - np.round(d)) @ vectors, axis=2).min(axis=1)

    rest = sites[(gaps(core) > 0.1) & (gaps(VACANCY[None] @ rotation) > 0.1)]
    out = Atoms("W" * (len(core) + len(rest)), np.concatenate([core, rest]) @ turned, cell=vectors @ turned, pbc=True)
    out.info.update(n_core=len(core), environment=environment.id, excess_energy=3.6, dmin=2.74, centre_force_error=0.01)
    out.set_array("core", np.arange(len(out)) < len(core))
    return out


def rotation_of(seed: int) -> np.ndarray:
    q, r = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    q = q * np.sign(np.diag(r))
    return q if np.linalg.det(q) > 0 else -q


HEAD = Head(
    name="tungsten-example",
    state="converged",
    reason="gamma stays below gamma_select in every run of iteration 2",
    made="2025-01-01 12:00 UTC",
    material="W, bcc, a = 3.165 Å",
    sampling_potential="zhou2004",
    size="quick",
    seed=42,
    reference="potential:finnis-sinclair",
    dft=False,
    descriptors="pod-73",
    gamma_select=2.0,
    gamma_break=10.0,
    potential="POD, size 73, ensemble of 4",
    iterations=3,
    digests={"artifact digest": "ab" * 32, "content digest": "cd" * 32},
)


@pytest.fixture(scope="session")
def head() -> Head:
    return HEAD


@pytest.fixture(scope="session")
def example() -> ReportData:
    random = np.random.default_rng(1)
    edges = np.logspace(-2, 4, 61)
    names = ("polycrystal-300K", "polycrystal-2000K", "polycrystal_tension", "nanoindentation", "screw_dislocation")
    funnel = [
        FunnelRow(0, s, 4000 * (i + 1), 300 * i, 25 * i, 5 * i, 5 * i - (i > 2), 5 * i - (i > 2))
        for i, s in enumerate(names)
    ]
    funnel += [FunnelRow(n, "polycrystal-1200K", None, None, 6 // n, 4 // n, 4 // n, 4 // n) for n in (1, 2)]
    gamma = [
        GammaHistogram(n, edges, np.histogram(random.lognormal(-0.2 - 0.5 * n, 0.8 - 0.2 * n, 20000), edges)[0])
        for n in range(3)
    ]
    parity = []
    for side, n, width in (("train", 60, 0.004), ("test", 9, 0.008)):
        e, f = random.normal(-8.5, 0.2, n), random.normal(0, 1.2, 9000)
        parity.append(
            Parity(
                side, e, e + random.normal(0, width, n), f, f + random.normal(0, 20 * width, 9000), ("bulk",) * n,
                1000 * width, 20000 * width, sampled=True,
            )
        )  # fmt: skip
    explored = []
    for n in (1, 2):
        for t in (300.0, 1200.0):
            trace = np.column_stack([np.linspace(0, 0.4, 9), 0.8 + t / 700 / n * random.random(9)])
            ended = "gamma_break" if n == 1 and t > 1000 else "finished"
            explored.append(ExploredRow(n, f"polycrystal-{t:g}K", t, 2000, 0.4, ended, trace[:, 1].max(), 1.1, trace))
    turn = rotation_of(3)
    environment = bcc_environment(turn)
    frame = environment_to_atoms(environment)
    return ReportData(
        head=HEAD,
        scenarios=tuple(ScenarioRow(s, "zhou2004", 4000, 1.0, 300.0, 2, {"strain_rate_per_s": 1e11}) for s in names),
        funnel=tuple(funnel),
        gamma=tuple(gamma),
        learning=tuple(
            LearningPoint(n, 60 + 8 * n, 5000, 4.0 + n, 80.0 + 9 * n, 12.0 - 2 * n, 210.0 - 30 * n) for n in range(3)
        ),
        parity=tuple(parity),
        families=(FamilyError("reconstructed", "test", 4, 9.1, 190.0), FamilyError("bulk", "train", 30, 2.0, 40.0)),
        uncertainty=Uncertainty(
            4, np.linspace(0.02, 0.3, 10), np.linspace(0.03, 0.35, 10), np.full(10, 90.0), {"correlation": 0.7}
        ),
        pictures=(
            picture(frame, bcc_cell(environment, turn, rotation_of(5)), iteration=0, core_radius=6.0),
            picture(frame, None, iteration=1, core_radius=6.0),
        ),
        refusals=(
            RefusalRow("reconstruction", "no_feasible_cell", 3, ("no cell of at most 140 atoms",)),
            RefusalRow("labels", "max_force", 1, ("largest force 130 eV/Å above 100",)),
        ),
        times=(TimeRow(0, "sampling", 7, 30.0, 33.0), TimeRow(1, "exploration", 2, 50.0, 51.0)),
        explored=tuple(explored),
        properties=(
            PropertyRow("lattice constant", "Å", 3.166, 3.1652),
            PropertyRow("vacancy formation energy", "eV", "no minimum", 3.62),
        ),
    )


@pytest.fixture(scope="session")
def bcc_pair():
    """(axes of the environment, axes of the cell) -> an environment and its cell."""

    def make(environment_axes: int, cell_axes: int):
        turn = rotation_of(environment_axes)
        environment = bcc_environment(turn)
        return environment, bcc_cell(environment, turn, rotation_of(cell_axes))

    return make
