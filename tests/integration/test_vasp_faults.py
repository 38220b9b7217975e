"""The production path of VASP labels, atomate2 and custodian and all, with the stand-in for the program."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from defectgenome.schemas.artifact import Refusal
from defectgenome.schemas.errors import EngineCrash, InputError, MissingToolError, MixedLabelsError
from defectgenome.schemas.label import check_one_origin
from defectgenome.schemas.reference import Limits, VaspSpec
from defectgenome.tasks.frames import round_structure
from defectgenome.tasks.reference.engine import compute_patiently, retried
from defectgenome.tasks.reference.place import Place
from defectgenome.tasks.reference.stand_in.faults import FILE
from defectgenome.tasks.reference.stand_in.potcar import write_potcars
from defectgenome.tasks.reference.stand_in.potential import evaluate
from defectgenome.tasks.reference.stand_in.rehearsal import CASES, WATCH, count_runs, processes_in, rehearse
from defectgenome.tasks.reference.vasp import label_with_vasp
from defectgenome.tasks.reference.vasp_import import import_run
from defectgenome.tasks.reference.vasp_inputs import in_a_box

pytestmark = pytest.mark.integration
VOIGT = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))
SPEC = VaspSpec(engine="vasp", potcar={"W": "W_sv", "Al": "Al"}, stand_in=True, kpoint_spacing=0.5)


@pytest.fixture(scope="module", autouse=True)
def library(tmp_path_factory):
    """A library of made-up POTCARs, where pymatgen looks for it."""
    from pymatgen.core import SETTINGS

    root = write_potcars(tmp_path_factory.mktemp("potcars"), {"W_sv": "W", "W": "W", "Al": "Al"})
    before = SETTINGS.get("PMG_VASP_PSP_DIR")
    SETTINGS["PMG_VASP_PSP_DIR"] = str(root)
    yield root
    SETTINGS["PMG_VASP_PSP_DIR"] = before


def tungsten() -> Atoms:
    atoms = bulk("W", "bcc", a=3.17, cubic=True)
    atoms.rattle(0.1, seed=1)
    return atoms


def analytic(atoms: Atoms):
    atoms = round_structure(atoms)
    energy, forces, stress = evaluate(
        atoms.get_chemical_symbols(), np.array(atoms.cell), atoms.get_scaled_positions(wrap=False)
    )
    return energy, forces, np.array([stress[i, j] for i, j in VOIGT])


def label(atoms: Atoms, directory: Path, spec: VaspSpec = SPEC, **place):
    return label_with_vasp(atoms, spec, Place(directory, **place), WATCH)


def assert_right(answer, atoms: Atoms):
    energy, forces, stress = analytic(atoms)
    assert answer.energy == pytest.approx(energy, abs=1e-6)
    assert answer.energy_sigma0 == pytest.approx(energy + 1e-4 * len(atoms), abs=1e-6)
    np.testing.assert_allclose(answer.forces, forces, atol=1e-6)
    np.testing.assert_allclose(answer.stress, stress, atol=1e-6)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_fault_has_its_verdict(case, tmp_path):
    """No bad number accepted, no good one lost, retries bounded, no process and no POTCAR left."""
    first, second = rehearse(case, tungsten(), SPEC, tmp_path / "run")
    assert (first.outcome, second.outcome) == (case.first, case.second), (first.words, second.words)
    assert first.runs <= case.runs
    assert first.orphans == second.orphans == 0
    for attempt in (first, second):
        if attempt.outcome == "label":
            assert_right(attempt.answer, tungsten())
            assert attempt.answer.engine == "vasp-stand-in"
            assert not attempt.answer.is_dft
    if case.name == "unconverged SCF, for good":
        assert retried(first.answer)
    if first.outcome == "label":
        assert second.runs == 0  # found, not computed again
        assert first.runs == 1 + len(first.answer.corrections)
    assert_no_potcar(tmp_path)
    assert not list(tmp_path.rglob("WAVECAR*"))


def assert_no_potcar(directory: Path):
    for path in directory.rglob("*"):
        assert not path.name.startswith("POTCAR")
        if path.name.endswith(".tar.gz"):
            with tarfile.open(path) as archive:
                assert not [name for name in archive.getnames() if "POTCAR" in name]
        elif path.is_file():
            data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
            assert b"PSCTR" not in data, path


def test_forces_and_stress_are_derivatives_of_the_energy(tmp_path):
    """Through the whole path: units, signs, Voigt order, force-consistent energy."""
    atoms, h = tungsten(), 1e-3
    middle = label(atoms, tmp_path / "middle")

    def energy(name, change):
        moved = atoms.copy()
        change(moved)
        return label(moved, tmp_path / name).energy

    def move(step):
        return lambda a: a.positions.__setitem__((1, 2), a.positions[1, 2] + step)

    def strain(i, j, step):
        deformation = np.eye(3)
        deformation[i, j] += step / 2
        deformation[j, i] += step / 2
        return lambda a: a.set_cell(a.cell @ deformation, scale_atoms=True)

    force = -(energy("f+", move(h)) - energy("f-", move(-h))) / (2 * h)
    assert middle.forces[1, 2] == pytest.approx(force, abs=2e-4)
    for k, (i, j) in ((0, (0, 0)), (5, (0, 1))):
        slope = (energy(f"s{k}+", strain(i, j, h)) - energy(f"s{k}-", strain(i, j, -h))) / (2 * h)
        assert middle.stress[k] == pytest.approx(slope / atoms.get_volume(), abs=1e-4)


def test_atoms_come_back_in_their_own_order(tmp_path):
    atoms = bulk("NaCl", "rocksalt", a=5.4, cubic=True)
    atoms.set_chemical_symbols(["W", "Al", "Al", "W", "Al", "W", "W", "Al"])
    atoms.rattle(0.1, seed=3)
    answer = label(atoms, tmp_path / "run")
    assert_right(answer, atoms)
    assert answer.pseudopotentials == ("PAW_PBE Al 01Jan2000", "PAW_PBE W_sv 01Jan2000")


def test_a_cluster_gets_one_kpoint_and_a_box(tmp_path):
    crystal = bulk("W", "bcc", a=3.17, cubic=True) * (2, 2, 2)
    cluster = Atoms(crystal.get_chemical_symbols(), crystal.positions)
    answer = label(cluster, tmp_path / "run")
    boxed = in_a_box(round_structure(cluster), 10.0)
    energy, forces, _ = analytic(boxed)
    assert answer.energy == pytest.approx(energy, abs=1e-6)
    np.testing.assert_allclose(answer.forces, forces, atol=1e-6)
    assert answer.stress is None
    assert (tmp_path / "run" / "KPOINTS").read_text().splitlines()[3].split()[:3] == ["1", "1", "1"]


def test_the_input_is_what_the_spec_says(tmp_path):
    spec = VaspSpec(engine="vasp", potcar={"W": "W_sv"}, stand_in=True)
    label(tungsten(), tmp_path / "run", spec)
    lines = (tmp_path / "run" / "INCAR").read_text().splitlines()
    found = {k.strip(): v.strip() for k, v in (line.split("=") for line in lines if "=" in line)}
    assert {k: found[k] for k in ("GGA", "ENCUT", "EDIFF", "ISMEAR", "SIGMA", "ISPIN", "ISYM", "NSW", "IBRION")} == {
        "GGA": "Pe",
        "ENCUT": "520.0",
        "EDIFF": "1e-06",
        "ISMEAR": "1",
        "SIGMA": "0.1",
        "ISPIN": "1",
        "ISYM": "0",
        "NSW": "0",
        "IBRION": "-1",
    }
    assert not found.keys() & {"MAGMOM", "LAECHG", "LVTOT", "LORBIT", "LMIXTAU", "LMAXMIX", "KSPACING", "METAGGA"}
    kpoints = (tmp_path / "run" / "KPOINTS").read_text().splitlines()
    assert kpoints[2].startswith("M")
    assert kpoints[3].split()[:3] == ["11", "11", "11"]


def test_settings_of_atomate2_do_not_reach_the_input(tmp_path):
    """A settings file, and variables, that would change the physics, the program and the error handling."""
    settings = tmp_path / "atomate2.yaml"
    settings.write_text("VASP_INCAR_UPDATES: {ENCUT: 300}\nVASP_CMD: /bin/false\nVASP_ZIP_FILES: true\n")
    code = script(tmp_path / "run", "print(round(answer.energy, 6))")
    run = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(tmp_path) | {"ATOMATE2_CONFIG_FILE": str(settings), "ATOMATE2_VASP_GAMMA_CMD": "/bin/false"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stdout.strip() == str(round(analytic(tungsten())[0], 6)), run.stderr


def test_parallel_tags_come_from_the_place(tmp_path):
    tags = {"DEFECTGENOME_VASP_INCAR": "NCORE=4 KPAR=2"}
    assert label(tungsten(), tmp_path / "run", environment=tags).corrections == ()
    assert "KPAR = 2" in (tmp_path / "run" / "INCAR").read_text()
    with pytest.raises(InputError, match="ENCUT=300"):
        label(tungsten(), tmp_path / "other", environment={"DEFECTGENOME_VASP_INCAR": "ENCUT=300"})


def test_a_killed_worker_leaves_no_vasp_and_the_next_goes_on(tmp_path):
    """SIGKILL of the worker, in the middle of VASP: VASP dies with it, and another attempt gives the label."""
    directory = tmp_path / "run"
    directory.mkdir()
    (directory / FILE).write_text(json.dumps([{"fault": "slow", "runs": [1], "seconds": 0.5}]))
    worker = subprocess.Popen([sys.executable, "-c", script(directory)], env=environment(tmp_path))
    wait_for(lambda: "DAV:   2" in read(directory / "OSZICAR"))
    assert processes_in(directory)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    wait_for(lambda: not processes_in(directory), seconds=10)
    assert_right(label(tungsten(), directory), tungsten())


def test_an_interrupted_worker_leaves_no_vasp(tmp_path):
    directory = tmp_path / "run"
    directory.mkdir()
    (directory / FILE).write_text(json.dumps([{"fault": "frozen"}]))

    def interrupt(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 1.2)
    try:
        with pytest.raises(KeyboardInterrupt):
            label(tungsten(), directory)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert processes_in(directory) == []
    assert not list(directory.glob("POTCAR*"))


def test_a_walltime_keeps_the_wave_functions_and_the_next_run_reads_them(tmp_path):
    (case,) = [c for c in CASES if c.name == "walltime reached"]
    _, second = rehearse(case, tungsten(), SPEC, tmp_path)
    assert second.answer.cost["restarted"]
    assert "found WAVECAR" in read(tmp_path / "vasp.out")
    assert second.answer.cost["electronic_steps"] < label(tungsten(), tmp_path / "fresh").cost["electronic_steps"]
    assert not (tmp_path / "WAVECAR").exists()


def test_wave_functions_of_another_structure_are_not_read(tmp_path):
    (case,) = [c for c in CASES if c.name == "walltime reached"]
    other = tungsten()
    other.rattle(0.05, seed=2)
    first, _ = rehearse(case, other, SPEC, tmp_path)
    (tmp_path / "WAVECAR").write_text("of the other one")
    answer = label(tungsten(), tmp_path)
    assert not answer.cost["restarted"]
    assert_right(answer, tungsten())


def test_what_does_not_converge_is_tried_otherwise_and_then_given_up(tmp_path):
    for name, plan in (
        ("cured", [{"fault": "unconverged", "unless": {"AMIX": "0.1"}}]),
        ("not", [{"fault": "unconverged"}]),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / FILE).write_text(json.dumps(plan))
    spec = SPEC.model_copy(update={"nelm": 20})
    assert_right(compute_patiently(tungsten(), spec, Place(tmp_path / "cured")), tungsten())
    refusal = compute_patiently(tungsten(), spec, Place(tmp_path / "not"))
    assert refusal.code == "not_converged"
    assert count_runs(tmp_path / "not") <= 9


def test_a_lost_label_is_found_and_one_beyond_a_limit_is_not_computed_twice(tmp_path):
    strict = SPEC.model_copy(update={"limits": Limits(max_force=0.01)})
    assert isinstance(label(tungsten(), tmp_path, strict), Refusal)
    (tmp_path / "calculation.json").write_text(
        json.dumps({k: v for k, v in json.loads(read(tmp_path / "calculation.json")).items() if k != "failed"})
    )
    again = label(tungsten(), tmp_path, strict)
    assert isinstance(again, Refusal)
    assert_right(label(tungsten(), tmp_path), tungsten())
    assert count_runs(tmp_path) == 1


def test_what_is_too_close_is_refused_before_any_vasp(tmp_path):
    atoms = tungsten()
    atoms.positions[1] = atoms.positions[0] + [0.8, 0, 0]
    answer = label(atoms, tmp_path)
    assert isinstance(answer, Refusal)
    assert count_runs(tmp_path) == 0


def test_the_stand_in_is_never_taken_for_vasp(tmp_path):
    real = SPEC.model_copy(update={"stand_in": False})
    command = (sys.executable, "-m", "defectgenome.tasks.reference.stand_in")
    with pytest.raises(EngineCrash, match="this is not VASP"):
        label(tungsten(), tmp_path / "a", real, command=command)
    with pytest.raises(InputError, match=r"asked vasp, ran vasp-stand-in.*stand_in"):
        label(tungsten(), tmp_path / "b", real, command=command, environment={"DEFECTGENOME_STAND_IN": "1"})
    answer = label(tungsten(), tmp_path / "c")
    (imported,) = import_run(tmp_path / "c").frames
    assert imported.info["engine"] == "vasp-stand-in"
    assert not import_run(tmp_path / "c", real).accepted
    with pytest.raises(MixedLabelsError, match="vasp-stand-in"):
        check_one_origin([(answer.engine, answer.spec_key), ("vasp", answer.spec_key)])


def test_what_is_missing_is_named(tmp_path, library):
    with pytest.raises(InputError, match="no variant for Mo"):
        label(bulk("Mo"), tmp_path)
    with pytest.raises(MissingToolError, match=r"POTCAR Mo_pv of Mo: neither POTCAR.Mo_pv nor Mo_pv/POTCAR"):
        label(bulk("Mo"), tmp_path, SPEC.model_copy(update={"potcar": {"Mo": "Mo_pv"}}))
    real = SPEC.model_copy(update={"stand_in": False})
    with pytest.raises(MissingToolError, match="no command"):
        label(tungsten(), tmp_path, real)
    with pytest.raises(MissingToolError, match="no such program"):
        label(tungsten(), tmp_path, real, command=("vasp_that_is_not_here",))
    with pytest.raises(MissingToolError, match="vasp_that_is_not_here"):
        label(tungsten(), tmp_path, real, command=("env", "vasp_that_is_not_here"))


def read(path: Path) -> str:
    return path.read_text() if path.is_file() else ""


def wait_for(condition, seconds: float = 30.0):
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, "it did not happen"
        time.sleep(0.05)


def environment(tmp_path: Path) -> dict[str, str]:
    root = write_potcars(tmp_path / "potcars", {"W_sv": "W"})
    return {**os.environ, "PMG_VASP_PSP_DIR": str(root)}


def script(directory: Path, then: str = "") -> str:
    return f"""
from pathlib import Path
from ase.build import bulk
from defectgenome.schemas.reference import VaspSpec
from defectgenome.tasks.reference.engine import compute_patiently, retried
from defectgenome.tasks.reference.place import Place
from defectgenome.tasks.reference.vasp import label_with_vasp
atoms = bulk("W", "bcc", a=3.17, cubic=True)
atoms.rattle(0.1, seed=1)
spec = VaspSpec.model_validate_json({SPEC.model_dump_json()!r})
answer = label_with_vasp(atoms, spec, Place(Path({str(directory)!r})))
{then}
"""
