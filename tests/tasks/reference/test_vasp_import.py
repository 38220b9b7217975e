"""Finished VASP runs: what is read, what is believed, what is refused and why."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from defectgenome.schemas.errors import InputError
from defectgenome.schemas.reference import Limits, VaspSpec
from defectgenome.tasks.frames import energy_of, forces_of, read_frames, write_frames
from defectgenome.tasks.reference.vasp_import import find_runs, import_run
from defectgenome.tasks.reference.vasp_outputs import read_run, read_vasprun
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

SPEC = VaspSpec(engine="vasp", potcar={"W": "W_sv"})


def test_a_good_run_gives_its_label(good_run, tmp_path):
    answer = import_run(good_run.write(tmp_path / "run"), SPEC)
    assert answer.reasons == ()
    (frame,) = answer.frames
    assert energy_of(frame) == pytest.approx(-26.0)
    assert frame.calc.results["energy"] == pytest.approx(-25.998)  # sigma -> 0
    np.testing.assert_allclose(forces_of(frame), [[0.1, 0, -0.2], [-0.1, 0, 0.2]])
    assert frame.info["dft"] is True
    assert frame.info["engine"] == "vasp"


def test_stress_is_positive_in_tension(good_run, tmp_path):
    """VASP's 80 kB of compression is -8 GPa in ASE's sign, and Voigt goes xx yy zz yz xz xy."""
    (frame,) = import_run(good_run.write(tmp_path)).frames
    np.testing.assert_allclose(frame.calc.results["stress"] * 160.2176634, [-8, -9, -10, -0.3, -0.2, -0.1], rtol=1e-6)


def test_labels_survive_their_file(good_run, tmp_path):
    (frame,) = import_run(good_run.write(tmp_path / "a run with spaces")).frames
    write_frames(tmp_path / "labels.extxyz", [frame])
    (again,) = read_frames(tmp_path / "labels.extxyz")
    assert energy_of(again) == pytest.approx(-26.0)
    assert again.info["origin"] == frame.info["origin"]


def test_gzipped_runs_read_the_same(good_run, tmp_path):
    plain = import_run(good_run.write(tmp_path / "plain"))
    zipped = import_run(good_run.write(tmp_path / "zipped", zipped=True))
    assert zipped.accepted
    assert energy_of(zipped.frames[0]) == energy_of(plain.frames[0])


@pytest.mark.parametrize(
    ("step", "fields", "reason"),
    [
        ({}, {"footer": False}, "no timing footer"),
        ({}, {"closed": False}, "cut off or damaged"),
        ({}, {"stopped": True}, "STOPCAR"),
        ({"reached": False}, {}, "EDIFF was reached 0 times in 1 ionic steps"),
        ({}, {"nelm": 5}, "took all NELM = 5"),
        ({"energies": (-20.0, -25.9, -26.0)}, {}, r"changed by 1\.0e-01 eV in the end"),
        ({"energies": (-26.0,)}, {}, "1 electronic steps"),
        ({"energies": (-26.0, float("nan"))}, {}, "changed by nan"),
        ({"forces": None}, {}, "no forces"),
        ({"stress": None}, {}, "no stress"),
        ({"forces": ((0.0, 0.0, 0.0),)}, {}, r"shape \(1, 3\) for 2 atoms"),
        ({"forces": ((0.0, 0.0, float("nan")), (0.0, 0.0, 0.0))}, {}, "not all finite"),
        ({"forces": ((0.0, 0.0, 150.0), (0.0, 0.0, -150.0))}, {}, "limit 100"),
        ({}, {"outcar_offset": 0.1}, "in vasprun.xml and"),
        ({}, {"steps": ()}, "no ionic step"),
    ],
)
def test_bad_runs_are_refused_with_their_reason(good_run, changed, tmp_path, step, fields, reason):
    run = changed(good_run, step=step, **fields) if step else changed(good_run, **fields)
    answer = import_run(run.write(tmp_path), SPEC)
    assert not answer.accepted
    assert any(re.search(reason, said) for said in answer.reasons), answer.reasons


@pytest.mark.parametrize(
    ("fields", "spec", "reason"),
    [
        ({"encut": 400.0}, {}, "ENCUT: asked 520.0, ran 400"),
        ({"ediff": 1e-4}, {}, "EDIFF"),
        ({"ismear": 0}, {}, "ISMEAR: asked 1, ran 0"),
        ({"sigma": 0.2}, {}, "SIGMA"),
        ({"incar": {"GGA": "PS", "KSPACING": "0.1885", "KGAMMA": "F"}}, {}, "functional: asked PBE, ran PBEsol"),
        ({"incar": {"METAGGA": "R2SCAN", "KSPACING": "0.1885", "KGAMMA": "F"}}, {}, "ran r2SCAN"),
        ({"incar": {"GGA": "PE", "KSPACING": "0.3", "KGAMMA": "F"}}, {}, r"KSPACING: asked 0\.1885, ran 0\.3"),
        ({"incar": {"GGA": "PE", "IVDW": "12", "KSPACING": "0.1885", "KGAMMA": "F"}}, {}, "van der Waals"),
        ({"potcar": "PAW_PBE W_pv 06Sep2000"}, {}, "POTCAR: asked W_sv, ran PAW_PBE W_pv"),
        ({"incar": {"GGA": "PE"}, "mesh": (5, 5, 5)}, {}, "is 11 x 11 x 11, ran 5 x 5 x 5"),
        ({"mesh": (10, 10, 10)}, {"gamma_centred": True}, "KGAMMA"),
        (
            {"incar": {"GGA": "PE", "KSPACING": "0.19", "KGAMMA": "F"}},  # VASP rounds 10.43 up
            {"kpoint_spacing": 0.19, "kpoint_rounding": "nearest"},
            "is 10 x 10 x 10, ran 11 x 11 x 11",
        ),
        ({}, {"spin": True}, "ISPIN: asked 2, ran 1"),
        ({}, {"symmetry": True}, "ISYM"),
    ],
)
def test_other_physics_is_refused(good_run, changed, tmp_path, fields, spec, reason):
    directory = changed(good_run, **fields).write(tmp_path)
    answer = import_run(directory, SPEC.model_copy(update=spec))
    assert not answer.accepted
    assert any(re.search(reason, said) for said in answer.reasons), answer.reasons
    assert import_run(directory).accepted  # without a spec it is a label of its own physics


def test_a_mesh_from_a_kpoints_file_counts_as_its_spacing(good_run, changed, tmp_path):
    run = changed(good_run, incar={"GGA": "PE"}, mesh=(11, 11, 11))
    assert import_run(run.write(tmp_path), SPEC).accepted


def test_labels_of_different_physics_have_different_specs(good_run, changed, tmp_path):
    keys = {
        import_run(run.write(tmp_path / str(i))).frames[0].info["spec"]
        for i, run in enumerate([good_run, changed(good_run, encut=400.0), changed(good_run, potcar="PAW_PBE W 1")])
    }
    assert len(keys) == 3


def test_every_ionic_step_is_a_point(good_run, changed, tmp_path):
    other = type(good_run.steps[0])(energies=(-20.0, -25.0, -25.5, -25.5), shift=0.02)
    answer = import_run(changed(good_run, steps=(good_run.steps[0], other)).write(tmp_path))
    assert [energy_of(f) for f in answer.frames] == pytest.approx([-26.0, -25.5])
    assert [f.info["ionic_step"] for f in answer.frames] == [1, 2]
    assert answer.frames[1].positions[1, 0] == pytest.approx(0.52 * 3.17)


def test_a_step_beyond_the_limits_does_not_cost_the_others(good_run, changed, tmp_path):
    close = type(good_run.steps[0])(energies=(-20.0, -25.0, -25.5, -25.5), shift=-0.02)
    spec = SPEC.model_copy(update={"limits": Limits(min_distance=2.73)})
    answer = import_run(changed(good_run, steps=(good_run.steps[0], close)).write(tmp_path), spec)
    assert len(answer.frames) == 1
    assert answer.reasons == ("ionic step 2: atoms 0 and 1 are 2.71 A apart, limit 2.73",)


def test_one_unconverged_step_refuses_the_run(good_run, changed, tmp_path):
    bad = type(good_run.steps[0])(reached=False)
    assert not import_run(changed(good_run, steps=(*good_run.steps, bad)).write(tmp_path)).accepted


def test_missing_files_are_named(good_run, tmp_path):
    only_outcar = import_run(good_run.write(tmp_path / "a", names=("OUTCAR",)))
    only_xml = import_run(good_run.write(tmp_path / "b", names=("vasprun.xml",)))
    assert "no vasprun.xml" in only_outcar.reasons[0]
    assert "no OUTCAR" in only_xml.reasons[0]


def test_trees_are_walked(good_run, tmp_path):
    good_run.write(tmp_path / "b" / "static")
    good_run.write(tmp_path / "a", zipped=True)
    (tmp_path / "c").mkdir()
    assert find_runs([tmp_path]) == [tmp_path / "a", tmp_path / "b" / "static"]
    with pytest.raises(InputError, match="no VASP run"):
        find_runs([tmp_path / "c"])
    with pytest.raises(InputError, match="no such directory"):
        find_runs([tmp_path / "d"])


def test_corrections_are_remembered(good_run, changed, tmp_path):
    text = json.dumps([{"job": {}, "corrections": [{"errors": ["brmix"], "actions": []}]}])
    assert read_run(changed(good_run, custodian=text).write(tmp_path / "a")).corrections == ("brmix",)
    assert read_run(changed(good_run, custodian="{").write(tmp_path / "b")).corrections


@given(cut=st.floats(0, 0.999))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_cut_file_is_never_believed(good_run, tmp_path, cut):
    for name, text in (("vasprun.xml", good_run.vasprun()), ("OUTCAR", good_run.outcar())):
        good_run.write(tmp_path)
        kept = text[: int(cut * text.rstrip().rfind("\n"))]
        (tmp_path / name).write_text(kept)
        assert not import_run(tmp_path).accepted


def test_asterisks_are_not_numbers(good_run, tmp_path):
    directory = good_run.write(tmp_path)
    text = (directory / "vasprun.xml").read_text().replace("0.10000000", "**********", 1)
    (directory / "vasprun.xml").write_text(text)
    assert np.isnan(read_vasprun(directory / "vasprun.xml").steps[0].forces).any()
    assert not import_run(directory).accepted
