"""The engine: golden relaxations, independence of who watches, failures that say what they are."""

import hashlib
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from defectgenome.schemas.errors import SimulationError
from defectgenome.tasks.sampling.eam_zhou import zhou2004
from defectgenome.tasks.sampling.lattice import EDGE, bulk_block, crystal_points
from defectgenome.tasks.sampling.orientation import oriented
from defectgenome.tasks.sampling.simulation import Protocol, Stage, simulate, take_snapshot
from defectgenome.tasks.sampling.system import make_system
from defectgenome.tasks.sampling.thermal import barostat, thermostat

COHESIVE = -8.75999
J_PER_M2 = 16.02176634
PERIODIC = (True, True, True)


def relax(system, potential, tmp_path, steps=1000):
    protocol = Protocol((Stage("relax", steps),), 1e4)
    return simulate(system, protocol, potential, tmp_path, seed=1, every=1, observe=lambda *_: True)


def block(material, n):
    positions, cell = bulk_block(material, (n, n, n))
    return make_system(positions, cell, PERIODIC, material.elements, 1)


def heated(temperature=300.0, steps=100, **more):
    return Stage("md", steps, 0.002, thermostat(temperature), velocities=2 * temperature, conserves=True, **more)


def run(system, stage, potential, tmp_path, every, max_temperature=1e4, look=None):
    frames = []

    def observe(lmp, step, time_ps, name):
        frames.append(take_snapshot(lmp, system, {"step": step, "time_ps": time_ps}))
        return True if look is None else look(step)

    protocol = Protocol((stage,), max_temperature)
    try:
        report = simulate(system, protocol, potential, tmp_path, seed=3, every=every, observe=observe)
    except SimulationError as error:
        return frames, error
    return frames, report


def test_vacancy(tungsten, zhou_tungsten, tmp_path):
    positions, cell = bulk_block(tungsten, (6, 6, 6))
    system = make_system(positions[1:], cell, PERIODIC, ("W",), 1)
    report = relax(system, zhou_tungsten, tmp_path)
    assert len(system) * (report.energy_per_atom - COHESIVE) == pytest.approx(3.571, abs=0.01)


@pytest.mark.parametrize(("plane", "expected"), [((1, 0, 0), 2.98), ((1, 1, 0), 2.57), ((1, 1, 1), 3.33)])
def test_surfaces(tungsten, zhou_tungsten, tmp_path, plane, expected):
    rotation, periods = oriented(tungsten, plane)
    repeats = np.maximum(np.ceil(np.array([10, 10, 25]) / periods), 1)
    lengths = periods * repeats
    points = crystal_points(tungsten, np.zeros(3), lengths, rotation) - EDGE
    system = make_system(points, np.diag(lengths + [0, 0, 15]), PERIODIC, ("W",), 1)
    report = relax(system, zhou_tungsten, tmp_path)
    gamma = len(points) * (report.energy_per_atom - COHESIVE) / (2 * lengths[0] * lengths[1]) * J_PER_M2
    assert gamma == pytest.approx(expected, abs=0.01)


def test_the_trajectory_does_not_depend_on_who_looks(tungsten, zhou_tungsten, tmp_path):
    system = block(tungsten, 4)
    ends = [run(system, heated(), zhou_tungsten, tmp_path, every)[0][-1] for every in (7, 50, 100)]
    for end in ends[1:]:
        assert np.array_equal(end.positions, ends[0].positions)
        assert np.allclose(end.energies, ends[0].energies, atol=1e-12)


def test_what_is_conserved_is(tungsten, zhou_tungsten, tmp_path):
    frames, report = run(block(tungsten, 4), heated(steps=300), zhou_tungsten, tmp_path, 50)
    assert report.energy_drift < 1e-4
    assert [f.info["step"] for f in frames] == [50, 100, 150, 200, 250, 300]
    assert frames[-1].info["time_ps"] == pytest.approx(0.6)
    assert report.ps == pytest.approx(0.6)
    assert 100 < report.temperature < 600


def test_stress_relaxes_at_constant_pressure(tungsten, zhou_tungsten, tmp_path):
    system = block(tungsten, 5)
    squeezed = replace(system, positions=system.positions * 0.99, cell=system.cell * 0.99)
    stage = Stage("md", 1000, 0.002, barostat(300), velocities=600.0)
    frames, _ = run(squeezed, stage, zhou_tungsten, tmp_path, 100)
    edge = np.mean([np.diag(f.cell).mean() for f in frames[-5:]]) / 5
    assert edge == pytest.approx(3.165, abs=0.02)


def test_frozen_atoms_stay(tungsten, zhou_tungsten, tmp_path):
    positions, cell = bulk_block(tungsten, (4, 4, 4))
    frozen = positions[:, 2] < 5
    system = make_system(positions, cell, PERIODIC, ("W",), 1, frozen=frozen)
    assert not system.frozen[: system.n_mobile].any()
    frames, _ = run(system, heated(), zhou_tungsten, tmp_path, 100)
    moved = np.linalg.norm(frames[-1].positions - system.positions, axis=1)
    assert moved[system.frozen].max() == pytest.approx(0, abs=1e-9)
    assert moved[~system.frozen].min() > 0


def test_the_observer_ends_a_run(tungsten, zhou_tungsten, tmp_path):
    frames, report = run(block(tungsten, 3), heated(), zhou_tungsten, tmp_path, 10, look=lambda step: step < 30)
    assert len(frames) == 3
    assert not report.completed
    assert report.steps == 30


def test_a_blow_up_is_said_and_frames_stay(tungsten, zhou_tungsten, tmp_path):
    frames, error = run(block(tungsten, 3), heated(3000.0), zhou_tungsten, tmp_path, 1, max_temperature=4500)
    assert isinstance(error, SimulationError)
    assert "blown up" in str(error)
    frames, error = run(
        block(tungsten, 3),
        replace(heated(300.0, growth={}), before=("velocity all set 500 0 0",), velocities=None),
        zhou_tungsten,
        tmp_path,
        1,
    )
    assert isinstance(error, SimulationError)


def test_lost_atoms_are_an_error(tungsten, zhou_tungsten, tmp_path):
    positions, cell = bulk_block(tungsten, (3, 3, 3))
    cell = cell + np.diag([0, 0, 6.0])
    system = make_system(positions + [0, 0, 3], cell, (True, True, False), ("W",), 1)
    stage = Stage("md", 200, 0.001, ("fix move all nve", "velocity all set 0 0 200"))
    frames, error = run(system, stage, zhou_tungsten, tmp_path, 10, max_temperature=1e12)
    assert isinstance(error, SimulationError)
    assert "ost atoms" in str(error)
    assert frames  # what was seen before is still there


def test_the_potential_must_fit(tungsten, tmp_path):
    with pytest.raises(ValueError, match="do not match"):
        relax(block(tungsten, 2), zhou2004(["Ta"]), tmp_path)


PROGRAM = """
import hashlib, sys, pathlib
from defectgenome.schemas.campaign import Material
from defectgenome.schemas.scenario import Vacancies, resolve
from defectgenome.schemas.snapshot import pack_snapshots
from defectgenome.tasks.sampling.eam_zhou import zhou2004
from defectgenome.tasks.sampling.registry import sample
material = Material(elements=("W",), structure="bcc", lattice_constant=3.16485)
run = resolve(Vacancies(box=13, duration=0.1), "quick")
result = sample(run, material, zhou2004(["W"]), 7, pathlib.Path(sys.argv[1]))
print(hashlib.sha256(pack_snapshots(result.snapshots)).hexdigest())
"""


def test_the_same_bytes_in_a_fresh_process(tungsten, zhou_tungsten, tmp_path):
    from defectgenome.schemas.scenario import Vacancies, resolve
    from defectgenome.schemas.snapshot import pack_snapshots
    from defectgenome.tasks.sampling.registry import sample

    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "a")], capture_output=True, text=True, check=True
    )
    result = sample(resolve(Vacancies(box=13, duration=0.1), "quick"), tungsten, zhou_tungsten, 7, tmp_path / "b")
    assert hashlib.sha256(pack_snapshots(result.snapshots)).hexdigest() == done.stdout.strip()
