"""Exploration: what a potential does not know ends the run and is collected; what it knows passes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from defectgenome.schemas.campaign import BasicSet, Material
from defectgenome.schemas.reference import PotentialSpec
from defectgenome.schemas.scenario import Polycrystal, Vacancies
from defectgenome.schemas.snapshot import Snapshot
from defectgenome.tasks.exploration.dynamics import crowded, explore, guard, worth_learning
from defectgenome.tasks.frames import attach_label
from defectgenome.tasks.potentials import load_potential
from defectgenome.tasks.reference.potential import label_with_potential
from defectgenome.tasks.sampling.basic_set import basic_set
from defectgenome.tasks.selection.active_set import ActiveSet, build_active_set
from defectgenome.tasks.training.pod import fit_pod, pod_potential

TUNGSTEN = Material(elements=("W",), structure="bcc", lattice_constant=3.165)


@pytest.fixture(scope="module")
def trained():
    """A small potential on rattled bulk and vacancies, and the active set of what it was fitted to."""
    options = BasicSet(surfaces=(), gamma_surface=(), rattles=(0.1, 0.3))
    cells = basic_set(options, TUNGSTEN, 1)
    teacher, spec = load_potential("finnis-sinclair", ["W"]), PotentialSpec()
    frames = [attach_label(c, label_with_potential(c, spec, teacher)) for c in cells]
    return pod_potential(fit_pod(frames, "34", ["W"]), ["W"]), build_active_set(cells, "pod-34", ["W"])


def run(trained, scenario, directory: Path, **changes):
    potential, active = trained
    options = {"gamma_select": 2.0, "gamma_break": 10.0, "check_every": 10, "context_radius": 9.0, "max_candidates": 5}
    return explore(scenario, TUNGSTEN, potential, active, seed=3, directory=directory, **(options | changes))


def test_a_familiar_crystal_passes(trained, tmp_path):
    scenario = Vacancies(box=13, concentration=0.01, temperature=300, duration=0.1, snapshots=1)
    found = run(trained, scenario, tmp_path)
    assert found.report["ended"] == "finished"
    assert found.report["gamma_max"] < 2
    assert len(found.candidates) == 0
    assert sum(found.report["histogram"]["counts"]) == found.report["n_graded"]


def test_grain_boundaries_are_new_and_collected(trained, tmp_path):
    scenario = Polycrystal(grains=2, box=20, temperatures=(300,), duration=0.1, snapshots=1)
    found = run(trained, scenario, tmp_path)
    assert found.report["gamma_max"] > 2
    assert 0 < len(found.candidates) <= 5
    assert found.report["ended"] in {"finished", "gamma_break", "exploded"}
    assert all(e.info["gamma"] > 2 for e in found.candidates.environments)
    again = run(trained, scenario, tmp_path / "again")
    assert again.candidates.to_blobs() == found.candidates.to_blobs()
    assert again.report == found.report


def test_gamma_break_ends_the_run_at_the_first_look_above(trained, tmp_path):
    scenario = Polycrystal(grains=2, box=20, temperatures=(300,), duration=0.1, snapshots=1)
    found = run(trained, scenario, tmp_path, gamma_select=1.0, gamma_break=1.0)
    assert found.report["ended"] == "gamma_break"
    assert len(found.report["trace"]) == 1


def test_the_guard_stops_before_an_atom_is_alone(trained, tmp_path):
    from defectgenome.schemas.errors import SimulationError
    from defectgenome.tasks.lammps import create_atoms, create_box, lammps_session

    cluster = bulk("W", a=3.165, cubic=True) * (2, 2, 2)
    x = np.vstack([cluster.get_positions() + 20, [[20 + 6.33, 20.0, 20.0]]])  # one atom about to leave
    with pytest.raises(SimulationError, match="halt"), lammps_session() as lmp:
        create_box(lmp, 60 * np.eye(3), 1)
        potential = load_potential("finnis-sinclair", ["W"])
        potential.write(tmp_path)
        lmp.commands_list(potential.commands(tmp_path))
        create_atoms(lmp, x, [1] * len(x))
        lmp.commands_list(
            [*guard(4.0), f"group leaving id {len(x)}", "velocity leaving set 300 0 0", "fix move all nve"]
        )
        lmp.command("run 100")


def snapshot(x, centres=None) -> Snapshot:
    n = len(x)
    return Snapshot(
        np.asarray(x, float), 20 * np.eye(3), (True, True, True), np.zeros(n, int), ("W",),
        np.ones(n, bool) if centres is None else np.asarray(centres),
    )  # fmt: skip


def test_atoms_between_the_thresholds_come_first():
    s = snapshot([[1, 1, 1], [5, 5, 5], [9, 9, 9], [13, 13, 13]], [True, True, True, False])
    assert worth_learning(s, np.array([1.5, 3.0, 500.0, 5.0]), 2, 10, 1.9).tolist() == [False, True, False, False]


def test_beyond_the_break_only_atoms_that_keep_their_distance():
    s = snapshot([[1, 1, 1], [2, 1, 1], [9, 9, 9]])
    assert crowded(s, 1.9).tolist() == [True, True, False]
    assert worth_learning(s, np.array([500.0, 500.0, 80.0]), 2, 10, 1.9).tolist() == [False, False, True]


def test_crowding_is_seen_across_the_boundary():
    assert crowded(snapshot([[0.2, 1, 1], [19.5, 1, 1]]), 1.9).all()


def test_an_active_set_of_other_descriptors_watches_as_well(trained, tmp_path):
    potential, _ = trained
    cells = [bulk("W", a=3.165, cubic=True) * (2, 2, 2)]
    other: ActiveSet = build_active_set(cells, "pod-73", ["W"])
    scenario = Vacancies(box=13, concentration=0.01, temperature=300, duration=0.02, snapshots=1)
    found = run((potential, other), scenario, tmp_path)
    assert found.report["gamma_max"] > 10
