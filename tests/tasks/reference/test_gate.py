"""The acceptance gate: each criterion by itself, and one verdict with all reasons."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from defectgenome.schemas.artifact import Refusal
from defectgenome.schemas.label import Label
from defectgenome.schemas.reference import Limits, PotentialSpec, VaspSpec
from defectgenome.tasks.frames import key_of, round_structure
from defectgenome.tasks.potentials import load_potential
from defectgenome.tasks.reference import gate
from defectgenome.tasks.reference.engine import compute, reference_key
from defectgenome.tasks.reference.gate import Results, judge
from defectgenome.tasks.reference.place import Place
from defectgenome.tasks.reference.potential import label_with_potential

LIMITS = Limits()
TUNGSTEN = bulk("W", a=3.165, cubic=True)


def good() -> Results:
    return Results(-17.8, np.zeros((2, 3)), np.zeros(6))


def reasons_of(results: Results, asked: Atoms = TUNGSTEN, computed: Atoms | None = None) -> tuple[str, ...]:
    return judge(asked, computed or asked, results, LIMITS).reasons


def test_a_good_result_meets_every_criterion():
    verdict = judge(TUNGSTEN, TUNGSTEN, good(), LIMITS)
    assert verdict.accepted
    assert all(verdict.criteria.values())


@pytest.mark.parametrize(
    ("results", "words"),
    [
        (Results(None, np.zeros((2, 3)), np.zeros(6)), "no energy"),
        (Results(float("inf"), np.zeros((2, 3)), np.zeros(6)), "energy is inf"),
        (Results(-1.0, None, np.zeros(6)), "no forces"),
        (Results(-1.0, np.zeros((3, 3)), np.zeros(6)), r"shape \(3, 3\) for 2 atoms"),
        (Results(-1.0, np.full((2, 3), np.nan), np.zeros(6)), "not all finite"),
        (Results(-1.0, np.zeros((2, 3)), None), "no stress"),
        (Results(-1.0, np.zeros((2, 3)), np.full(6, np.nan)), "stress is not finite"),
        (Results(-1.0, np.array([[0, 0, 0], [0, 0, 101.0]]), np.zeros(6)), r"atom 1 is 101\.00 eV/A"),
        (Results(-1.0, np.zeros((2, 3)), np.array([-3, -3, -3, 0, 0, 0.0])), r"pressure is 3\.00"),
    ],
)
def test_what_is_wrong_is_said_once(results, words):
    (reason,) = reasons_of(results)
    with pytest.raises(AssertionError, match=words):
        raise AssertionError(reason)


def test_clusters_need_no_stress():
    cluster = TUNGSTEN.copy()
    cluster.pbc = False
    assert not reasons_of(Results(-1.0, np.zeros((2, 3)), None), cluster)


def test_distances_over_the_boundary_count():
    close = Atoms("W2", [[0.1, 0, 0], [4.9, 0, 0]], cell=5 * np.eye(3), pbc=True)
    assert gate.too_close(close, 1.2) == "atoms 0 and 1 are 0.20 A apart, limit 1.2"


def test_moved_atoms_and_cells_are_noticed():
    moved = TUNGSTEN.copy()
    moved.positions[1, 0] += 0.01
    assert "atom 1 moved by 0.01 A" in reasons_of(good(), computed=moved)
    wrapped = TUNGSTEN.copy()
    wrapped.positions[1] -= wrapped.cell[0]
    assert not reasons_of(good(), computed=wrapped)
    strained = TUNGSTEN.copy()
    strained.set_cell(strained.cell * 1.001)
    assert "cell vectors" in reasons_of(good(), computed=strained)[0]
    assert "other atoms" in reasons_of(good(), computed=Atoms("WTa", cell=TUNGSTEN.cell, pbc=True))[0]


def test_all_reasons_are_given():
    refusal = judge(TUNGSTEN, TUNGSTEN, Results(None, None, None), LIMITS).refusal()
    assert refusal.code == "gate"
    assert refusal.reasons == ("no energy", "no forces", "no stress")
    assert refusal.data["failed"] == ["energy", "forces", "stress"]


def test_engine_labels_the_rounded_structure(tmp_path):
    place, teacher = Place(tmp_path), load_potential("finnis-sinclair", ["W"])
    atoms = bulk("W", a=3.1650000004, cubic=True)
    label = compute(atoms, PotentialSpec(), place, teacher)
    assert isinstance(label, Label)
    assert label.engine == "potential:finnis-sinclair"
    assert not label.is_dft
    assert label.energy / 2 == pytest.approx(-8.90, abs=1e-3)
    again = compute(round_structure(atoms), PotentialSpec(), place, teacher)
    assert again.energy == label.energy
    assert key_of(atoms) == key_of(round_structure(atoms))


def test_labels_do_not_depend_on_what_came_before():
    """An instance that has seen another structure gives the same digits."""
    potential = load_potential("finnis-sinclair", ["W"])
    first = label_with_potential(TUNGSTEN, PotentialSpec(), potential)
    label_with_potential(TUNGSTEN * (2, 2, 2), PotentialSpec(), potential)
    second = label_with_potential(TUNGSTEN, PotentialSpec(), potential)
    assert first.energy == second.energy
    np.testing.assert_array_equal(first.forces, second.forces)


def test_engine_refuses_with_reasons(tmp_path):
    squeezed = bulk("W", a=1.2, cubic=True)
    refusal = compute(squeezed, PotentialSpec(), Place(tmp_path), load_potential("finnis-sinclair", ["W"]))
    assert isinstance(refusal, Refusal)
    assert any("apart" in reason for reason in refusal.reasons)
    assert any("pressure" in reason for reason in refusal.reasons)


def test_key_is_physics_not_name_or_limits(tmp_path):
    teacher = load_potential("finnis-sinclair", ["W"])
    (data,) = teacher.files.values()
    (tmp_path / "copy.eam.alloy").write_bytes(data)
    (tmp_path / "W_finnis_sinclair.eam.alloy").write_bytes(data)
    same = PotentialSpec(potential="W_finnis_sinclair.eam.alloy", limits=Limits(max_force=1.0))
    copy = load_potential(same.potential, ["W"], base=tmp_path)
    assert reference_key(PotentialSpec(), teacher) == reference_key(same, copy)
    assert reference_key(PotentialSpec(), teacher) != reference_key(PotentialSpec(), load_potential("zhou2004", ["W"]))


def test_specs_of_different_physics_have_different_keys():
    assert reference_key(VaspSpec(engine="vasp")) != reference_key(VaspSpec(engine="vasp", encut=400))
