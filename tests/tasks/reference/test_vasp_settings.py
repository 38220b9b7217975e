"""Settings that ran against those asked for: what import and our own runs are both judged by."""

from __future__ import annotations

import pytest
from defectgenome.schemas.reference import VaspSpec
from defectgenome.tasks.reference.vasp_gate import judge_run, potcar_differs
from defectgenome.tasks.reference.vasp_outputs import read_run

SPEC = VaspSpec(engine="vasp", potcar={"W": "W_sv"})
MESH = {"GGA": "PE"}


@pytest.mark.parametrize(
    ("incar", "reason"),
    [
        ({"PREC": "Normal"}, "PREC: asked accu, ran norm"),
        ({"LASPH": "F"}, "LASPH: asked True, ran False"),
        ({"LREAL": "Auto"}, "LREAL: asked False, ran True"),
        ({"LREAL": "T"}, "LREAL: asked False, ran True"),
        ({"PREC": "Accurate", "LASPH": ".TRUE.", "LREAL": ".FALSE."}, None),
    ],
)
def test_precision_is_physics(good_run, changed, tmp_path, incar, reason):
    run = read_run(changed(good_run, incar=MESH | incar).write(tmp_path))
    assert judge_run(run, SPEC).reasons == (() if reason is None else (reason,))


def test_the_mesh_that_was_asked_for_counts(good_run, changed, tmp_path):
    run = read_run(changed(good_run, incar=MESH, mesh=(1, 1, 1)).write(tmp_path))
    assert not judge_run(run, SPEC).accepted
    assert judge_run(run, SPEC, (1, 1, 1)).accepted
    fixed = SPEC.model_copy(update={"kpoint_mesh": (1, 1, 1)})
    assert judge_run(run, fixed).accepted
    assert not judge_run(run, SPEC, (1, 1, 2)).accepted


def test_a_mesh_to_the_nearest(good_run, changed, tmp_path):
    """3.17 A at 0.1885 1/A: 10.52, up to 11; at 0.19: 10.43, up to 11, and 10 to the nearest."""
    run = read_run(changed(good_run, incar=MESH, mesh=(10, 10, 10)).write(tmp_path))
    assert not judge_run(run, SPEC.model_copy(update={"kpoint_spacing": 0.19})).accepted
    assert judge_run(run, SPEC.model_copy(update={"kpoint_spacing": 0.19, "kpoint_rounding": "nearest"})).accepted


@pytest.mark.parametrize(
    ("title", "functional", "same"),
    [
        ("PAW_PBE W_sv 04Sep2015", "PBE", True),
        ("PAW_PBE W_sv 04Sep2015", "r2SCAN", True),
        ("PAW_PBE W 08Apr2002", "PBE", False),
        ("PAW W_sv 04Sep2015", "PBE", False),
        ("PAW W_sv 04Sep2015", "LDA", True),
        ("", "PBE", False),
    ],
)
def test_titles_say_variant_and_family(title, functional, same):
    assert (potcar_differs(title, "W_sv", functional) is None) == same


def test_the_cost_of_a_run_is_read(good_run, tmp_path):
    directory = good_run.write(tmp_path)
    text = (directory / "OUTCAR").read_text()
    text = text.replace("complex\n", "complex\n running   48 mpi-ranks, with    1 threads/rank, on    1 nodes\n", 1)
    text += "                         Elapsed time (sec):       30.5\n"
    text += "                   Maximum memory used (kb):      204800.\n"
    (directory / "OUTCAR").write_text(text)
    outcar = read_run(directory).outcar
    assert (outcar.ranks, outcar.cpu_seconds, outcar.elapsed_seconds, outcar.memory_kb) == (48, 27.244, 30.5, 204800.0)


def test_bands_are_not_parsed(good_run, tmp_path):
    """They are most of the file; a break in them is still a break."""
    directory = good_run.write(tmp_path)
    text = (directory / "vasprun.xml").read_text()
    bands = "   <eigenvalues>\n" + "    <r> 1.0 1.0 </r>\n" * 9 + "   </eigenvalues>\n"
    projected = "   <projected>\n   <eigenvalues>\n<r> 1.0 1.0 </r>\n   </eigenvalues>\n   </projected>\n"
    whole = text.replace("  </calculation>", bands + projected + "  </calculation>")
    (directory / "vasprun.xml").write_text(whole)
    assert not read_run(directory).vasprun.broken
    assert read_run(directory).vasprun.steps[0].energy == -26.0
    (directory / "vasprun.xml").write_text(whole[: whole.index("<projected>") + 30])
    assert read_run(directory).vasprun.broken
