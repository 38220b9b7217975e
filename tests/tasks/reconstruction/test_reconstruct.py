"""Golden cells: bulk, vacancies, loops, boundaries, dislocation lines, refusals."""

from dataclasses import replace

import numpy as np
import pytest
from defectgenome.schemas.artifact import Refusal
from defectgenome.schemas.campaign import Material, Reconstruction
from defectgenome.schemas.environment import Environment
from defectgenome.schemas.errors import InputError
from defectgenome.tasks.frames import environment_from_atoms, frames_from_bytes, frames_to_bytes, key_of, read_frames
from defectgenome.tasks.potentials import load_potential
from defectgenome.tasks.reconstruction.cell_frames import cell_from_atoms, cell_to_atoms
from defectgenome.tasks.reconstruction.crystal import Crystal
from defectgenome.tasks.reconstruction.engine import Configuration, open_engine
from defectgenome.tasks.reconstruction.reconstruct import reconstruct
from defectgenome.tasks.reconstruction.verify import verify

from .crystals import TURNED, environment, lattice

TUNGSTEN = Crystal("bcc", 3.16485, -8.76)
MATERIAL = Material(elements=("W",), structure="bcc", lattice_constant=3.165)
QUICK = Reconstruction(effort="quick")


@pytest.fixture(scope="module")
def potential():
    return load_potential("zhou2004", ["W"])


@pytest.fixture(scope="module")
def examples(data):
    frames = read_frames(data / "environments-examples.extxyz")
    return {str(f.info["environment"]): environment_from_atoms(f) for f in frames}


@pytest.fixture(scope="module")
def cells(potential, examples):
    return {name: reconstruct(e, potential, QUICK, MATERIAL, seed=1) for name, e in examples.items()}


def checked(environment, cell, **limits):
    return verify(environment, cell, **{"max_atoms": 140, "exact_radius": 5.0, "minimum_distance": 2.19, **limits})


@pytest.mark.parametrize("turn", [np.eye(3), TURNED])
def test_bulk_is_rebuilt_as_bulk(potential, turn):
    surroundings = environment(lattice(TUNGSTEN), "W", turn)
    cell = reconstruct(surroundings, potential, QUICK, MATERIAL, seed=1)
    assert abs(cell.excess_energy) < 1e-3
    assert cell.dmin == pytest.approx(2.741, abs=2e-3)
    assert cell.centre_force_error < 1e-3
    assert checked(surroundings, cell).verdict == "ok"


@pytest.mark.parametrize("turn", [np.eye(3), TURNED])
def test_a_vacancy_beside_the_centre_stays_open(potential, turn):
    surroundings = environment(np.delete(lattice(TUNGSTEN), 1, axis=0), "W", turn)
    cell = reconstruct(surroundings, potential, QUICK, MATERIAL, seed=1)
    assert 3.6 < cell.excess_energy < 4.0
    report = checked(surroundings, cell)
    assert (report.verdict, report.missing, report.extra) == ("ok", 0, 0)


@pytest.mark.parametrize(
    ("name", "energy"), [("poly_T300-0", -8.20), ("indent-0", -8.29), ("loop100int_T300q-0", -8.62)]
)
def test_sampled_defects_reach_their_energies(examples, cells, name, energy):
    cell = cells[name]
    assert cell.energy_per_atom < energy
    assert cell.centre_force_error < 0.035
    assert cell.image_gap > 2.2
    report = checked(examples[name], cell)
    assert report.verdict == "ok"
    assert report.core_displacement <= 2e-6


def test_a_dislocation_line_stays_a_line(potential):
    line = screw(potential, burgers=1, radius=18.0)
    cell = reconstruct(line, potential, QUICK, MATERIAL, seed=1)
    assert cell.energy_per_atom < -8.70
    period = np.linalg.norm(line.line)
    assert np.abs(np.linalg.norm(cell.cell, axis=1) - period).min() < 1e-5
    assert checked(line, cell).verdict == "ok"


def test_a_core_of_8_angstrom_has_no_cell_of_140_atoms(potential, examples):
    for surroundings in (environment(lattice(TUNGSTEN), "W"), *examples.values()):
        answer = reconstruct(surroundings, potential, QUICK.model_copy(update={"core_radius": 8.0}), MATERIAL, seed=1)
        assert isinstance(answer, Refusal)
        assert answer.code == "no_feasible_cell"
        assert "core_radius" in answer.reasons[1]


def test_a_cell_does_not_depend_on_what_was_computed_before(potential, examples, cells):
    first = cells["loop100int_T300q-0"]
    reconstruct(environment(np.delete(lattice(TUNGSTEN), [1, 2], axis=0), "W"), potential, QUICK, MATERIAL, seed=3)
    again = reconstruct(examples["loop100int_T300q-0"], potential, QUICK, MATERIAL, seed=1)
    assert np.array_equal(first.positions, again.positions)
    assert np.array_equal(first.cell, again.cell)
    assert first.energy_per_atom == again.energy_per_atom


def test_a_surface_environment_is_rebuilt_or_refused_but_never_wrong(potential):
    x = lattice(TUNGSTEN)
    surroundings = environment(x[x[:, 2] < 2.5], "W")
    answer = reconstruct(surroundings, potential, QUICK, MATERIAL, seed=1)
    if not isinstance(answer, Refusal):
        assert checked(surroundings, answer).verdict == "ok"


def test_an_alloy_keeps_its_species():
    symbols = np.array(["W", "Ta"])[np.random.default_rng(0).integers(0, 2, 800)]
    x = lattice(Crystal("bcc", 3.23, -8.4)) @ TURNED
    x = x[np.argsort(np.linalg.norm(x, axis=1), kind="stable")]
    surroundings = Environment(x, tuple(symbols[: len(x)].tolist()), 14.0)
    material = Material(elements=("W", "Ta"), structure="bcc", lattice_constant=3.23)
    cell = reconstruct(surroundings, load_potential("zhou2004", ["W", "Ta"]), QUICK, material, seed=1)
    report = checked(surroundings, cell)
    assert (report.verdict, report.wrong_species) == ("ok", 0)
    assert cell.symbols[: cell.n_core] == surroundings.symbols[: cell.n_core]


def test_contradictions_are_told(potential):
    surroundings = environment(lattice(TUNGSTEN, 5.0), "W")
    with pytest.raises(InputError, match="context"):
        reconstruct(replace(surroundings, context_radius=5.0), potential, QUICK, MATERIAL, seed=1)
    with pytest.raises(InputError, match="Ta"):
        reconstruct(replace(surroundings, symbols=("Ta",) * len(surroundings)), potential, QUICK, MATERIAL, seed=1)


def test_a_cell_survives_its_file(potential):
    surroundings = environment(np.delete(lattice(TUNGSTEN), 1, axis=0), "W", TURNED)
    cell = reconstruct(surroundings, potential, QUICK, MATERIAL, seed=1)
    [frame] = frames_from_bytes(frames_to_bytes([cell_to_atoms(cell)]))
    back = cell_from_atoms(frame)
    assert key_of(frame) == key_of(cell_to_atoms(cell))
    assert back.rotation == pytest.approx(cell.rotation)
    assert np.array_equal(back.positions, cell.positions)
    assert (back.n_core, back.environment, back.status) == (cell.n_core, cell.environment, "ok")
    assert back.excess_energy == pytest.approx(cell.excess_energy)
    assert surroundings.positions[:5] @ cell.rotation == pytest.approx(cell.positions[:5], abs=1e-5)


def screw(potential, burgers, radius):
    """Environment on the line of a relaxed screw dislocation."""
    from defectgenome.schemas.scenario import ScrewDislocation
    from defectgenome.tasks.sampling.dislocation import build

    scenario = ScrewDislocation(radius=45.0, length=burgers, temperature=0.0, duration=1.0)
    system = build(scenario, MATERIAL, 1)
    order = np.argsort(~system.frozen, kind="stable")
    x, held = system.positions[order], int(system.frozen.sum())
    box = system.cell + np.diag([10.0, 10.0, 0.0])
    with open_engine(potential) as engine:
        state = engine.minimise(Configuration(box, x, ("W",) * len(x), held), 100)
    x = state.configuration.positions
    middle = system.cell.diagonal()[:2] / 2
    centre = held + np.argmin(((x[held:, :2] - middle) ** 2).sum(1))
    vectors = x - x[centre]
    period = system.cell[2, 2]
    vectors[:, 2] -= np.round(vectors[:, 2] / period) * period
    vectors = vectors[np.linalg.norm(vectors[:, :2], axis=1) < radius]
    vectors = vectors[np.argsort(np.linalg.norm(vectors, axis=1), kind="stable")]
    return Environment(vectors, ("W",) * len(vectors), radius, line=np.array([0.0, 0.0, period]))
