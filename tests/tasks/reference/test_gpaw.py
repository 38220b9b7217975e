"""GPAW through the whole path: units and signs, convergence, checkpoints, and no process left behind."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from ase.units import GPa
from defectgenome.schemas.artifact import Refusal
from defectgenome.schemas.errors import EngineCrash, InputError, MissingToolError, OutOfTime
from defectgenome.schemas.gpaw_spec import GpawSpec
from defectgenome.schemas.reference import spec_key
from defectgenome.tasks.reference.gpaw import gpaw_available, label_with_gpaw
from defectgenome.tasks.reference.gpaw_process import run_guarded
from defectgenome.tasks.reference.gpaw_request import gpaw_request, kpoint_mesh, mesh_of, occupations
from defectgenome.tasks.reference.place import Place
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

COMMAND = tuple(shlex.split(os.environ.get("DEFECTGENOME_GPAW", sys.executable)))


@pytest.fixture(scope="session")
def gpaw():
    """Launch command of a Python that has GPAW."""
    if gpaw_available(COMMAND) is None:
        pytest.skip(f"{shlex.join(COMMAND)} has no GPAW (tools/install_gpaw.sh; or set DEFECTGENOME_GPAW)")
    return COMMAND


def spec(**fields):
    cheap = {"encut": 150, "kpoint_mesh": (2, 2, 2), "smearing": {"sigma": 0.4}}
    return GpawSpec(engine="gpaw", **{**cheap, **fields})


def rattled():
    atoms = bulk("Al", a=4.04, cubic=True)
    atoms.rattle(0.1, seed=1)
    return atoms


@pytest.fixture
def aluminium():
    return rattled()


@pytest.fixture(scope="session")
def finished(gpaw, tmp_path_factory):
    """The label of `aluminium`, and the directory in which it was computed."""
    directory = tmp_path_factory.mktemp("finished") / "a"
    return label_with_gpaw(rattled(), spec(), Place(directory, gpaw)), directory


@pytest.fixture
def copy(finished, tmp_path):
    """A copy of that directory."""
    return Path(shutil.copytree(finished[1], tmp_path / "a"))


@pytest.fixture
def label(gpaw, tmp_path):
    """Label a structure in a directory of its own."""

    def run(atoms, name="a", **fields):
        return label_with_gpaw(atoms, spec(**fields), Place(tmp_path / name, gpaw))

    return run


# what is asked for


def test_mesh_is_rounded_up():
    cube = np.eye(3)
    assert kpoint_mesh(13.5 * cube, (True,) * 3, 0.1885) == (3, 3, 3)  # 2.47
    assert kpoint_mesh(4 * np.pi * cube, (True,) * 3, 0.25) == (2, 2, 2)  # exactly 2 stays 2
    assert kpoint_mesh(4 * np.pi * cube, (True, True, False), 0.2) == (3, 3, 1)
    assert kpoint_mesh(100 * cube, (True,) * 3, 0.1885) == (1, 1, 1)


@given(st.floats(2, 40), st.floats(-0.3, 0.3), st.floats(0.05, 1))
def test_no_mesh_is_coarser_than_asked(edge, tilt, spacing):
    cell = edge * np.array([[1, 0, 0], [tilt, 1, 0], [tilt, tilt, 1.5]])
    mesh = np.array(kpoint_mesh(cell, (True,) * 3, spacing))
    lengths = 2 * np.pi * np.linalg.norm(np.linalg.inv(cell).T, axis=1)
    assert (lengths / mesh <= spacing * (1 + 1e-5)).all()
    assert ((mesh == 1) | (lengths / np.maximum(mesh - 1, 1) > spacing)).all()


def test_clusters_get_one_kpoint(aluminium):
    aluminium.pbc = False
    assert mesh_of(aluminium, spec()) == (1, 1, 1)
    assert mesh_of(aluminium, spec(kpoint_mesh=None)) == (1, 1, 1)


def test_words_of_smearing():
    assert occupations(spec(smearing={"method": "gaussian", "sigma": 0.2}).smearing)["order"] == 0
    assert occupations(spec(smearing={"method": "fermi"}).smearing) == {"name": "fermi-dirac", "width": 0.1}
    with pytest.raises(ValidationError, match="tetrahedron"):
        spec(smearing={"method": "tetrahedron"})


def test_spin_must_be_stated_for_magnetic_elements():
    iron = bulk("Fe", cubic=True)
    with pytest.raises(InputError, match=r"reference\.spin is not stated for Fe"):
        gpaw_request(iron, spec())
    asked = gpaw_request(iron, spec(spin=True, moments={"Fe": 2.3}))
    assert asked["parameters"]["spinpol"]
    assert asked["moments"] == [2.3, 2.3]
    assert gpaw_request(iron, spec(spin=False))["moments"] == [0.0, 0.0]


def test_key_holds_the_physics_alone():
    def key(**fields):
        return spec_key(spec(**fields).physics())

    assert key() == key(max_scf_steps=50) == key(limits={"max_force": 3}) == key(spin=False) == key(kpoint_spacing=0.5)
    others = [key(encut=200), key(ediff=1e-5), key(kpoint_mesh=None), key(gamma_centred=True), key(spin=True)]
    others += [key(setups={"Al": "x"}), key(smearing={"sigma": 0.3}), key(functional="LDA")]
    assert len({key(), key(empty_bands=1), *others}) == 10


# what comes back


def test_forces_are_derivatives_of_the_energy(label, finished, aluminium):
    at_rest = finished[0]
    assert at_rest.is_dft
    assert all(at_rest.gate.values())
    direction = np.random.default_rng(5).normal(size=(4, 3))
    step = 0.01 / np.linalg.norm(direction)
    energies = []
    for sign in (1, -1):
        moved = aluminium.copy()
        moved.positions += sign * step * direction
        energies.append(label(moved, f"moved{sign}").energy)
    slope = (energies[0] - energies[1]) / (2 * step)
    assert -np.sum(at_rest.forces * direction) == pytest.approx(slope, abs=2e-3 * np.linalg.norm(direction))
    assert np.abs(at_rest.forces.sum(axis=0)).max() < 0.02  # the grid's
    assert at_rest.energy < at_rest.energy_sigma0  # entropy lowers the free energy


def test_stress_is_the_derivative_of_the_energy(label, finished, aluminium):
    """At the same number of plane waves, so with a cutoff that follows the volume."""
    step, volume = 0.004, aluminium.get_volume()
    energies = []
    for strain in (step, -step):
        strained = aluminium.copy()
        strained.set_cell(aluminium.cell * (1 + strain), scale_atoms=True)
        energies.append(label(strained, f"{strain}", encut=150 / (1 + strain) ** 2).energy)
    slope = (energies[0] - energies[1]) / (2 * step) / volume
    assert finished[0].stress[:3].sum() == pytest.approx(slope, abs=0.5 * GPa)


def test_stress_is_positive_in_tension(label):
    stretched = label(bulk("Al", a=4.3), kpoint_mesh=(3, 3, 3))
    squeezed = label(bulk("Al", a=3.8), "squeezed", kpoint_mesh=(3, 3, 3))
    assert (stretched.stress[:3] > 0).all()
    assert (squeezed.stress[:3] < 0).all()


def test_unconverged_is_a_refusal_and_tried_again_with_another_mixer(label, gpaw, aluminium, tmp_path):
    first = label(aluminium, max_scf_steps=4)
    assert isinstance(first, Refusal)
    assert first.code == "unconverged"
    assert "4 electronic steps" in first.reasons[0]
    again = label_with_gpaw(aluminium, spec(max_scf_steps=4), Place(tmp_path / "a", gpaw))
    assert again.data == first.data  # found, not computed
    label_with_gpaw(aluminium, spec(max_scf_steps=4), Place(tmp_path / "a", gpaw, attempt=1))
    assert json.loads((tmp_path / "a" / "results.json").read_text())["run"]["mixer"]["beta"] == 0.02


def test_a_finished_calculation_is_found(finished, copy, aluminium):
    again = label_with_gpaw(aluminium, spec(), Place(copy, ("false",)))
    assert again.energy == finished[0].energy
    np.testing.assert_array_equal(again.forces, finished[0].forces)


def test_other_physics_in_the_same_directory_is_computed_anew(gpaw, finished, copy, aluminium):
    other = label_with_gpaw(aluminium, spec(encut=140), Place(copy, gpaw))
    assert other.energy != finished[0].energy
    assert other.spec_key != finished[0].spec_key


def test_bad_results_are_refused(copy, aluminium):
    path = copy / "results.json"
    good = json.loads(path.read_text())

    def failed(**changes):
        path.write_text(json.dumps({**good, **changes}))
        return label_with_gpaw(aluminium, spec(), Place(copy, ("false",))).data["failed"]

    assert failed(energy=float("nan")) == ["energy"]
    assert failed(forces=good["forces"][:-1]) == ["forces"]
    assert failed(energies=[-1.0, -1.1, -1.2]) == ["converged"]
    assert failed(highest_occupation=0.01) == ["bands"]
    assert failed(computed={**good["computed"], "mesh": [1, 1, 1]}) == ["inputs"]
    assert failed(computed={**good["computed"], "cell": (1.1 * aluminium.cell).tolist()}) == ["structure"]
    path.write_text(json.dumps(good)[:-40])  # cut off: not a result
    with pytest.raises(EngineCrash):
        label_with_gpaw(aluminium, spec(), Place(copy, ("false",)))


def test_atoms_too_close_cost_nothing(aluminium, tmp_path):
    aluminium.positions[1] = aluminium.positions[0] + [0.4, 0, 0]
    answer = label_with_gpaw(aluminium, spec(), Place(tmp_path / "a", ("no-such-program",)))
    assert answer.data["failed"] == ["distance"]
    assert not (tmp_path / "a").exists()


# how it ends


def test_a_missing_program_says_so(aluminium, tmp_path):
    with pytest.raises(MissingToolError, match="no-such-program"):
        label_with_gpaw(aluminium, spec(), Place(tmp_path, ("no-such-program",)))
    with pytest.raises(MissingToolError, match="GPAW cannot be imported"):
        label_with_gpaw(aluminium, spec(), Place(tmp_path, (sys.executable, "-I", "-S")))
    assert gpaw_available(("no-such-program",)) is None


def test_a_missing_setup_says_so(label, aluminium):
    with pytest.raises(MissingToolError, match=r"nonexistent.*Al|Al.*nonexistent"):
        label(aluminium, setups={"Al": "nonexistent"})


SLOW = {"kpoint_mesh": (3, 2, 2), "symmetry": False}


def test_checkpoints_of_a_killed_calculation_are_used(gpaw, aluminium, tmp_path):
    directory = tmp_path / "killed"
    driver = _drive(aluminium, directory, gpaw, tmp_path)
    _wait_for((directory / "checkpoint.gpw").is_file)
    runner = _runner_of(driver.pid)
    os.kill(runner, signal.SIGKILL)
    assert b"EngineCrash" in driver.communicate(timeout=60)[1]
    restarted = label_with_gpaw(aluminium, spec(**SLOW), Place(directory, gpaw, attempt=1))
    assert "Reading from" in (directory / "gpaw.txt").read_text()
    assert not (directory / "checkpoint.gpw").exists()
    undisturbed = label_with_gpaw(aluminium, spec(**SLOW), Place(tmp_path / "undisturbed", gpaw))
    assert restarted.energy == pytest.approx(undisturbed.energy, abs=1e-6)
    np.testing.assert_allclose(restarted.forces, undisturbed.forces, atol=1e-4)


def test_a_broken_checkpoint_is_left_aside(gpaw, finished, copy, aluminium):
    (copy / "results.json").unlink()
    (copy / "checkpoint.gpw").write_bytes(b"- of Ulm and then no more")
    assert label_with_gpaw(aluminium, spec(), Place(copy, gpaw)).energy == finished[0].energy


def test_nothing_survives_a_killed_parent(gpaw, aluminium, tmp_path):
    driver = _drive(aluminium, tmp_path / "orphan", gpaw, tmp_path)
    _wait_for((tmp_path / "orphan" / "gpaw.txt").is_file)
    runner = _runner_of(driver.pid)
    os.kill(driver.pid, signal.SIGKILL)
    driver.communicate(timeout=60)
    _wait_for(lambda: not _alive(runner) and not _processes(tmp_path))


def test_out_of_time_keeps_a_checkpoint(gpaw, aluminium, tmp_path):
    place = Place(tmp_path / "a", gpaw, walltime_s=6.0)
    endless = spec(ediff=1e-15, max_scf_steps=10000)
    with pytest.raises(OutOfTime):
        label_with_gpaw(aluminium, endless, place)
    assert json.loads((tmp_path / "a" / "results.json").read_text())["status"] == "out_of_time"
    assert (tmp_path / "a" / "checkpoint.gpw").is_file()
    assert not _processes(tmp_path)


def test_a_guarded_program_takes_its_children_along(tmp_path):
    command = ("sh", "-c", f"sleep 60 & echo $! > {tmp_path}/child; sleep 60")
    begun = time.monotonic()
    assert run_guarded(command, tmp_path, environment=os.environ, log=tmp_path / "log", timeout=0.5) is None
    assert time.monotonic() - begun < 5
    _wait_for(lambda: not _alive(int((tmp_path / "child").read_text())))
    assert run_guarded(("sh", "-c", "exit 3"), tmp_path, environment=os.environ, log=tmp_path / "log") == 3


def _drive(atoms, directory, command, tmp_path):
    """Label in another process, with a checkpoint after every electronic step."""
    from defectgenome.tasks.frames import write_frames

    write_frames(tmp_path / "in.extxyz", [atoms])
    code = f"""
from pathlib import Path
from defectgenome.schemas.gpaw_spec import GpawSpec
from defectgenome.tasks.frames import read_frames
from defectgenome.tasks.reference.gpaw import label_with_gpaw
from defectgenome.tasks.reference.place import Place
atoms = read_frames(Path({str(tmp_path / "in.extxyz")!r}))[0]
spec = GpawSpec.model_validate({spec(**SLOW).model_dump()!r})
label_with_gpaw(atoms, spec, Place(Path({str(directory)!r}), {command!r}), checkpoint_s=0.0)
"""
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def _runner_of(parent):
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    assert len(children) == 1
    return int(children[0])


def _wait_for(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def _alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in {"Z", "X"}
    except (FileNotFoundError, ProcessLookupError):
        return False


def _processes(directory):
    """All that were started with something in a directory, ranks of an MPI run included."""
    return [p for p in Path("/proc").glob("[0-9]*/cmdline") if str(directory).encode() in _read(p)]


def _read(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""
