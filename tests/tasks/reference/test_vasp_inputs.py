"""What VASP is given: mesh, box, order of atoms, tags; and what a spec must say."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from defectgenome.schemas.errors import InputError
from defectgenome.schemas.reference import VaspSpec, spec_key
from defectgenome.tasks.reference.vasp_inputs import (
    in_a_box,
    incar_tags,
    kpoint_mesh,
    parallel_tags,
    potcar_functional,
    spacing_mesh,
    vasp_inputs,
)
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

SPEC = VaspSpec(engine="vasp", potcar={"W": "W_sv"})


def test_the_mesh_is_rounded_up_as_vasp_does():
    """A 13.5 A edge at the paper's 2 pi 0.03 1/A: 2.47, which VASP makes 3 and rounding makes 2."""
    cell = 13.5 * np.eye(3)
    assert spacing_mesh(cell, 0.1885) == (3, 3, 3)
    assert spacing_mesh(cell, 0.1885, "nearest") == (2, 2, 2)
    assert spacing_mesh(100 * np.eye(3), 0.1885) == (1, 1, 1)


@given(n=st.integers(1, 12), edge=st.floats(2, 40))
def test_an_exact_ratio_is_not_rounded_up(n, edge):
    assert spacing_mesh(edge * np.eye(3), 2 * np.pi / edge / n) == (n, n, n)


def test_the_mesh_follows_the_reciprocal_vectors():
    cell = np.array([[3.0, 0, 0], [2.9, 3.0, 0], [0, 0, 12.0]])
    lengths = 2 * np.pi * np.linalg.norm(np.linalg.inv(cell), axis=0)
    assert spacing_mesh(cell, 0.2) == tuple(int(np.ceil(b / 0.2)) for b in lengths)


def test_one_point_where_nothing_is_periodic():
    cell = 4 * np.eye(3)
    assert kpoint_mesh(cell, np.array([True, True, False]), SPEC)[2] == 1
    assert kpoint_mesh(cell, np.zeros(3, bool), SPEC) == (1, 1, 1)
    fixed = SPEC.model_copy(update={"kpoint_mesh": (4, 5, 6)})
    assert kpoint_mesh(cell, np.ones(3, bool), fixed) == (4, 5, 6)


def test_a_cluster_gets_vacuum_on_both_sides():
    cluster = Atoms("W3", [[0, 0, 0], [0, 0, 2.5], [0, 2.0, 1.0]])
    box = in_a_box(cluster, 8.0)
    np.testing.assert_allclose(box.cell.lengths(), [16.0, 18.0, 18.5])
    assert box.pbc.all()
    np.testing.assert_array_equal(box.positions, cluster.positions)


def test_a_line_keeps_its_period():
    cluster = Atoms("W2", [[0, 0, 0], [1, 2, 1.0]], cell=[0, 0, 2.74], pbc=[False, False, True])
    box = in_a_box(cluster, 8.0)
    np.testing.assert_allclose(box.cell[2], [0, 0, 2.74])
    assert abs(np.linalg.det(box.cell)) > 16 * 16 * 2.74


@given(st.lists(st.sampled_from(["W", "Al", "C"]), min_size=1, max_size=12))
def test_the_order_of_atoms_is_remembered(symbols):
    atoms = Atoms(symbols, np.arange(3 * len(symbols)).reshape(-1, 3), cell=40 * np.eye(3), pbc=True)
    inputs = vasp_inputs(atoms, SPEC)
    sorted_symbols = inputs.atoms.get_chemical_symbols()
    assert sorted_symbols == sorted(symbols)
    np.testing.assert_array_equal(inputs.in_asked_order(inputs.atoms.positions), atoms.positions)


def test_defaults_are_the_papers():
    tags = incar_tags(SPEC, ["W"])
    assert {k: tags[k] for k in ("GGA", "ENCUT", "EDIFF", "NSW", "IBRION", "ISPIN", "ISYM")} == {
        "GGA": "PE",
        "ENCUT": 520.0,
        "EDIFF": 1e-6,
        "NSW": 0,
        "IBRION": -1,
        "ISPIN": 1,
        "ISYM": 0,
    }
    assert SPEC.kpoint_spacing == pytest.approx(2 * np.pi * 0.03, abs=1e-4)


def test_later_attempts_change_how_and_not_what():
    first, *others = [incar_tags(SPEC, ["W"], attempt) for attempt in range(4)]
    assert [tags["ALGO"] for tags in (first, *others)] == ["Normal", "All", "Normal", "Normal"]
    assert others[1] == others[2]
    assert others[1]["NELM"] == 2 * first["NELM"]
    for tags in others:
        differ = {k for k in tags.keys() | first.keys() if tags.get(k) != first.get(k)}
        assert differ <= {"ALGO", "NELM", "AMIX", "BMIX"}
    fermi = VaspSpec.model_validate({**SPEC.model_dump(), "smearing": {"method": "fermi"}})
    assert incar_tags(fermi, ["W"], 1)["ALGO"] == "Normal"


@pytest.mark.parametrize(
    ("functional", "tags", "library"),
    [
        ("PBEsol", {"GGA": "PS"}, "PBE_54"),
        ("LDA", {"GGA": None, "METAGGA": None}, "LDA_54"),
        ("r2SCAN", {"METAGGA": "R2SCAN", "GGA": None}, "PBE_54"),
    ],
)
def test_functionals(functional, tags, library):
    spec = SPEC.model_copy(update={"functional": functional})
    found = incar_tags(spec, ["W"])
    assert {k: found[k] for k in tags} == tags
    assert potcar_functional(spec) == library


@pytest.mark.parametrize("element", ["Fe", "Co", "Ni", "Cr", "Mn"])
def test_magnetic_elements_need_a_word_about_spin(element):
    with pytest.raises(ValidationError, match=f"say true or false for {element}"):
        VaspSpec(engine="vasp", potcar={element: element})
    spec = VaspSpec(engine="vasp", potcar={element: element}, spin=True, magnetic_moments={element: 2.5})
    tags = incar_tags(spec, [element, element])
    assert tags["ISPIN"] == 2
    assert tags["MAGMOM"] == {element: 2.5}
    assert "spin" in " ".join(SPEC.problems([element]))


def test_elements_without_a_variant_are_problems():
    assert SPEC.problems(["W"]) == []
    assert SPEC.problems(["W", "Mo"]) == ["reference.potcar: no variant for Mo (e.g. {Mo: Mo})"]


def test_physics_and_nothing_else_decides_the_key():
    key = spec_key(SPEC.physics())
    for same in ({"nelm": 60}, {"max_refused": 0.5}, {"spin": False}):
        assert spec_key(SPEC.model_copy(update=same).physics()) == key
    for other in ({"encut": 400.0}, {"stand_in": True}, {"kpoint_rounding": "nearest"}, {"kpoint_mesh": (3, 3, 3)}):
        assert spec_key(SPEC.model_copy(update=other).physics()) != key
    fixed = SPEC.model_copy(update={"kpoint_mesh": (3, 3, 3)})
    assert fixed.physics() == fixed.model_copy(update={"kpoint_spacing": 0.5}).physics()


def test_tags_of_the_machine_are_no_physics():
    assert parallel_tags("NCORE=4 kpar=2 LPLANE=.FALSE.") == {"NCORE": 4, "KPAR": 2, "LPLANE": False}
    for wrong in ("ENCUT=300", "NCORE", "NCORE="):
        with pytest.raises(InputError, match="physics goes in the spec"):
            parallel_tags(wrong)


def test_positions_are_not_wrapped():
    atoms = bulk("W", "bcc", a=3.17, cubic=True)
    atoms.positions -= 1.0
    np.testing.assert_array_equal(vasp_inputs(atoms, SPEC).atoms.positions, atoms.positions)


def test_a_left_handed_cell_is_named_the_other_way_round():
    cell = np.array([[3.0, 0, 0], [0, 6.0, 0], [0, 0, -12.0]])
    atoms = Atoms("W2", positions=[[0, 0, 0], [1.5, 3.0, -6.0]], cell=cell, pbc=True)
    inputs = vasp_inputs(atoms, VaspSpec(engine="vasp", potcar={"W": "W"}, kpoint_spacing=0.5))
    assert np.linalg.det(np.array(inputs.atoms.cell)) > 0
    assert inputs.mesh == (3, 5, 2)  # 2 pi / (6, 3, 12 A) / 0.5 1/A, rounded up
    assert inputs.atoms.get_all_distances(mic=True) == pytest.approx(atoms.get_all_distances(mic=True))
    right = vasp_inputs(
        Atoms("W", cell=-cell, pbc=True), VaspSpec(engine="vasp", potcar={"W": "W"}, kpoint_spacing=0.5)
    )
    assert right.mesh == (5, 3, 2)
