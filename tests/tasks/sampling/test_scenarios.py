"""Each scenario: what it builds, what it shows along its run, what it refuses."""

import numpy as np
import pytest
from defectgenome.schemas.campaign import Material
from defectgenome.schemas.errors import InputError
from defectgenome.schemas.scenario import (
    SCENARIO_MODELS,
    SIZES,
    Nanoindentation,
    Polycrystal,
    PolycrystalTension,
    ScrewDislocation,
    Vacancies,
    rates,
    resolve,
    single_runs,
)
from defectgenome.tasks.sampling import dislocation
from defectgenome.tasks.sampling.eam_zhou import zhou2004
from defectgenome.tasks.sampling.registry import KINDS, check_scenario, prepare, sample
from defectgenome.tasks.sampling.simulation import Protocol, Stage, simulate, take_snapshot
from scipy.spatial import cKDTree

TINY = [
    Polycrystal(grains=2, box=22, duration=0.1),
    PolycrystalTension(grains=2, box=22, strain=0.05, rate=0.5),
    PolycrystalTension(grains=2, box=22, strain=-0.05, rate=0.5),
    Nanoindentation(radius=10, depth=2, speed=10, width=22, height=26),
    ScrewDislocation(radius=30, length=1, duration=0.1),
    Vacancies(box=16, duration=0.1, concentration=0.02),
]


def names(run):
    return f"{run.kind}{getattr(run, 'strain', '')}"


@pytest.mark.parametrize("scenario", TINY, ids=names)
def test_snapshots_along_the_run(scenario, tungsten, zhou_tungsten, tmp_path):
    (run,) = single_runs(resolve(scenario, "quick"))
    result = sample(run, tungsten, zhou_tungsten, 1, tmp_path)
    moving = [s for s in result.snapshots if s.info["stage"] != "relax"]
    assert len(moving) == run.snapshots
    gaps = np.diff([s.info["step"] for s in moving])
    assert len(set(gaps)) <= 1
    assert moving[-1].info["time_ps"] == pytest.approx(result.report["ps"])
    for snapshot in result.snapshots:
        fractions = snapshot.positions @ np.linalg.inv(snapshot.cell)
        assert fractions.min() >= 0
        assert fractions.max() < 1
        assert np.isfinite(snapshot.energies).all()
        assert -9 < snapshot.energies.mean() < -7.5
        assert snapshot.centres.any()
        assert {"scenario", "kind", "stage", "step", "time_ps", "temperature_K"} <= snapshot.info.keys()
    assert result.report["rates"] == rates(run)
    again = sample(run, tungsten, zhou_tungsten, 1, tmp_path)
    assert all(np.array_equal(a.positions, b.positions) for a, b in zip(result.snapshots, again.snapshots, strict=True))


def test_transients_are_kept(tungsten, zhou_tungsten, tmp_path):
    (run,) = single_runs(resolve(TINY[0], "quick"))
    snapshots = sample(run, tungsten, zhou_tungsten, 1, tmp_path).snapshots
    relaxing = [s for s in snapshots if s.info["stage"] == "relax"]
    assert [s.info["step"] for s in relaxing][:2] == [10, 70]
    energies = [s.energies.sum() for s in relaxing]
    assert energies == sorted(energies, reverse=True)


@pytest.mark.parametrize("sign", [1, -1])
def test_strain_is_what_it_says(sign, tungsten, zhou_tungsten, tmp_path):
    run = resolve(PolycrystalTension(grains=1, box=16, strain=0.06 * sign, rate=0.5, snapshots=3), "quick")
    snapshots = sample(run, tungsten, zhou_tungsten, 1, tmp_path).snapshots
    strains = np.array([s.info["strain"] for s in snapshots])
    lengths = np.array([s.cell[0, 0] for s in snapshots])
    assert strains[-1] == pytest.approx(0.06 * sign, abs=1e-9)
    start = lengths[0] / (1 + strains[0])
    assert lengths / start - 1 == pytest.approx(strains, abs=1e-9)


def test_rates_in_si():
    assert rates(resolve(PolycrystalTension(), "standard")) == {"strain_rate_per_s": 1e9}
    assert rates(resolve(Nanoindentation(), "standard")) == {"speed_m_per_s": 50.0}
    assert rates(resolve(Nanoindentation(), "quick")) == {"speed_m_per_s": 500.0}


@pytest.mark.parametrize("size", ["quick", "standard", "production"])
def test_sizes_fit_their_scenarios(size, tungsten):
    for model in SCENARIO_MODELS[:-1]:
        check_scenario(resolve(model(), size), tungsten)
    assert set(SIZES) == set(KINDS) | {"trajectory"}


def test_the_easy_core_is_easy(tungsten, zhou_tungsten, tmp_path, monkeypatch):
    """Relaxed, the built core is below the one of opposite sense, whose three strings have one height."""
    easy_core = dislocation.easy_core
    energies = {}
    for sense in (1, -1):
        monkeypatch.setattr(
            dislocation, "easy_core", lambda m, r, s=sense: (easy_core(m, r)[0], s * easy_core(m, r)[1])
        )
        run = resolve(ScrewDislocation(length=1), "quick")
        system = dislocation.build(run, tungsten, 1)
        frames = []

        def observe(lmp, *_, system=system, frames=frames):
            frames.append(take_snapshot(lmp, system, {}))
            return True

        protocol = Protocol((Stage("relax", 300),), 1.0)
        simulate(system, protocol, zhou_tungsten, tmp_path, seed=1, every=1, observe=observe)
        energies[sense] = frames[-1].energies[system.centres].sum()
        line = np.diag(system.cell)[:2] / 2
        distance = np.linalg.norm(system.positions[:, :2] - line, axis=1)
        heights = system.positions[np.argsort(distance)[:3], 2] / system.cell[2, 2]
        spread = np.ptp(np.exp(2j * np.pi * heights).real)
        assert (spread < 1e-6) == (sense == -1)
    b = tungsten.lattice_constant * 3**0.5 / 2
    assert 0.02 < (energies[-1] - energies[1]) / b < 0.3  # eV/A


def test_burgers_vector(tungsten):
    """Round the line the displacement adds up to one Burgers vector along z."""
    system = dislocation.build(resolve(ScrewDislocation(length=3), "quick"), tungsten, 1)
    b = system.cell[2, 2] / 3
    x, y = (system.positions[:, :2] - np.diag(system.cell)[:2] / 2).T
    ring = np.flatnonzero(np.abs(np.hypot(x, y) - 20) < 3)
    path = ring[np.argsort(np.arctan2(y[ring], x[ring]))]
    # the crystal's heights are multiples of b/3: what is left of them is the displacement
    displacement = np.unwrap(system.positions[path, 2] % (b / 3), period=b / 3)
    assert abs(displacement[-1] - displacement[0]) == pytest.approx(b, rel=0.1)


def test_centres_keep_away_from_artificial_surfaces(tungsten):
    system, _ = prepare(resolve(ScrewDislocation(), "quick"), tungsten, 1)
    tree = cKDTree(system.positions[system.frozen])
    assert tree.query(system.positions[system.centres])[0].min() > 5.9
    system, _ = prepare(resolve(Nanoindentation(), "quick"), tungsten, 1)
    tree = cKDTree(system.positions[system.frozen])
    assert tree.query(system.positions[system.centres])[0].min() > 5.9
    top = system.positions[:, 2].max()
    assert system.centres[system.positions[:, 2] > top - 2].all()  # the indented surface is real


def test_the_indenter_presses(tungsten, zhou_tungsten, tmp_path):
    run = resolve(Nanoindentation(radius=10, depth=4, speed=10, width=25, height=30, snapshots=4), "quick")
    snapshots = sample(run, tungsten, zhou_tungsten, 1, tmp_path).snapshots
    assert [s.info["depth_A"] for s in snapshots] == pytest.approx([1, 2, 3, 4])
    assert snapshots[-1].energies.sum() > snapshots[0].energies.sum() + 5
    centre = np.diag(snapshots[0].cell)[:2] / 2
    below = [s.positions[np.linalg.norm(s.positions[:, :2] - centre, axis=1) < 3, 2].max() for s in snapshots]
    assert below[0] - below[-1] == pytest.approx(3, abs=0.7)


def test_vacancies_are_missing(tungsten):
    system, _ = prepare(resolve(Vacancies(box=32, concentration=0.01), "quick"), tungsten, 1)
    assert len(system) == 2000 - 20
    other, _ = prepare(resolve(Vacancies(box=32, concentration=0.01), "quick"), tungsten, 2)
    assert not np.array_equal(system.positions, other.positions)


@pytest.mark.parametrize(("structure", "element"), [("fcc", "Cu"), ("hcp", "Ti"), ("diamond", "W")])
def test_other_crystals_build(structure, element):
    material = Material(elements=(element,), structure=structure, lattice_constant=3.6)
    for run in (TINY[0], TINY[5], Nanoindentation(orientation=(0, 0, 1))):
        system, protocol = prepare(resolve(run, "quick"), material, 1)
        assert len(system) > 100
        assert protocol.stages


def test_alloys(tmp_path):
    material = Material(elements=("Ta", "W"), structure="bcc", lattice_constant=3.22)
    run = resolve(Vacancies(box=16, duration=0.05), "quick")
    snapshot = sample(run, material, zhou2004(["Ta", "W"]), 1, tmp_path).snapshots[-1]
    assert abs((snapshot.types == 0).sum() - (snapshot.types == 1).sum()) <= 1
    assert snapshot.energies[snapshot.types == 1].mean() < snapshot.energies[snapshot.types == 0].mean()


@pytest.mark.parametrize(
    ("scenario", "structure", "message"),
    [
        (ScrewDislocation(), "fcc", "only for bcc"),
        (Nanoindentation(orientation=(1, 0, 0)), "hcp", "basal"),
        (Nanoindentation(depth=100), "bcc", "too much for a height"),
        (Nanoindentation(radius=100, depth=15), "bcc", "own image"),
        (Polycrystal(grains=500), "bcc", "larger box or fewer grains"),
    ],
)
def test_contradictions(scenario, structure, message):
    material = Material(elements=("W",), structure=structure, lattice_constant=3.2)
    with pytest.raises(InputError, match=message):
        prepare(resolve(scenario, "quick"), material, 1)


def test_minimisation_can_be_short(tungsten):
    _, protocol = prepare(resolve(TINY[0], "quick"), tungsten, 1, minimise_steps=5)
    assert protocol.stages[0].steps == 5
