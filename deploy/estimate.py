"""What a campaign will cost, before anything is spent."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi

from ..schemas.campaign import Campaign, Material
from ..schemas.scenario import (
    Nanoindentation,
    Polycrystal,
    PolycrystalTension,
    ScenarioBase,
    ScrewDislocation,
    Vacancies,
    label,
    rates,
    resolve,
    single_runs,
)
from ..tasks.sampling.thermal import timestep_ps

# Measured on one core of a 2023 server (EAM with OPT, POD by size); a pilot run calibrates a cluster.
EAM_ATOM_STEPS_PER_S = 0.9e6
POD_US_PER_ATOM_STEP = {"34": 45, "73": 64, "117": 98, "255": 174, "343": 174, "530": 284}
DESCRIPTOR_US_PER_ATOM = {"34": 29, "73": 60, "117": 125, "255": 319, "343": 330, "530": 560}
CELL_S = {"quick": 2.5, "standard": 7.0, "thorough": 20.0}
LABEL_S = 0.05  # a teacher potential
FIT_S_PER_1000_ATOMS = {"34": 0.1, "73": 0.2, "117": 0.4, "255": 1.0, "343": 1.4, "530": 2.0}
SNAPSHOT_BYTES_PER_ATOM = 22
CELL_BYTES_PER_ATOM = 110


@dataclass(frozen=True)
class StageEstimate:
    """Jobs, atoms, core-hours and disk of a stage."""

    stage: str
    jobs: int
    atoms: int
    core_hours: float
    disk_mb: float
    note: str = ""


def estimate(campaign: Campaign) -> list[StageEstimate]:
    """
    Estimate each stage; environments and iterations are upper bounds, since the selection decides them.

    Returns
    -------
    list of StageEstimate
        In the order of the campaign.
    """
    runs = _runs(campaign.sampling.scenarios, campaign)
    explored = _runs(campaign.active_learning.scenarios, campaign)
    descriptors = campaign.selection.descriptors.removeprefix("pod-")
    environments = campaign.selection.max_environments
    iterations = campaign.active_learning.max_iterations
    cell_atoms = campaign.reconstruction.max_atoms
    cells = environments * (1 + iterations)
    snapshots = [atoms_in(r, campaign) * (r.snapshots or 1) for r in runs]
    md = sum(atoms_in(r, campaign) * steps_of(r, campaign.material) for r in explored)
    looks = md / campaign.active_learning.check_every
    fits = max(1, campaign.training.ensemble) * (1 + iterations)
    basic = _basic_cells(campaign)
    seconds = {
        "sampling": sum(atoms_in(r, campaign) * steps_of(r, campaign.material) for r in runs) / EAM_ATOM_STEPS_PER_S,
        "selection": sum(snapshots) * DESCRIPTOR_US_PER_ATOM[descriptors] * 1e-6,
        "reconstruction": cells * CELL_S[campaign.reconstruction.effort],
        "reference": (cells + basic) * LABEL_S,
        "training": fits * (cells * cell_atoms + 30 * basic) / 1000 * FIT_S_PER_1000_ATOMS[campaign.training.size] / 2,
        "exploration": iterations
        * 1e-6
        * (md * POD_US_PER_ATOM_STEP[campaign.training.size] + looks * DESCRIPTOR_US_PER_ATOM[descriptors]),
    }
    upper = f"at most, with {iterations} iterations"
    labels = f"{upper}; {basic} cells of the basic set"
    if campaign.reference.engine != "potential":
        labels += f"; without what {campaign.reference.engine} itself takes: label a few cells to learn it"
    return [
        StageEstimate("sampling", len(runs), sum(atoms_in(r, campaign) for r in runs), seconds["sampling"] / 3600,
                      sum(snapshots) * SNAPSHOT_BYTES_PER_ATOM / 1e6, _rate_note(runs)),
        StageEstimate("selection", len(runs) + 1, sum(snapshots), seconds["selection"] / 3600, 1.0),
        StageEstimate("reconstruction", cells, cells * cell_atoms, seconds["reconstruction"] / 3600,
                      cells * cell_atoms * CELL_BYTES_PER_ATOM / 1e6, upper),
        StageEstimate("reference", cells + basic, cells * cell_atoms + 30 * basic, seconds["reference"] / 3600,
                      cells * cell_atoms * CELL_BYTES_PER_ATOM / 1e6, labels),
        StageEstimate("training", fits, 0, seconds["training"] / 3600, 2.0 * fits, upper),
        StageEstimate("exploration", len(explored) * iterations,
                      iterations * sum(atoms_in(r, campaign) for r in explored), seconds["exploration"] / 3600,
                      5.0 * iterations, upper),
    ]  # fmt: skip


def atoms_in(run: ScenarioBase, campaign: Campaign) -> int:
    """Number of atoms of a resolved run; 0 for a trajectory, which is read as it is."""
    volume = campaign.material.atomic_volume
    if isinstance(run, Polycrystal | PolycrystalTension | Vacancies):
        return round((run.box or 0.0) ** 3 / volume)
    if isinstance(run, Nanoindentation):
        return round((run.width or 0.0) ** 2 * (run.height or 0.0) / volume)
    if isinstance(run, ScrewDislocation):
        burgers = campaign.material.lattice_constant * 3**0.5 / 2
        return round(pi * (run.radius or 0.0) ** 2 * run.length * burgers / volume)
    return 0


def steps_of(run: ScenarioBase, material: Material) -> int:
    """MD steps of a resolved run, minimisation included."""
    timestep = timestep_ps(material)
    if isinstance(run, PolycrystalTension):
        return round(abs(run.strain) / (run.rate or 1.0) / timestep) + 300
    if isinstance(run, Nanoindentation):
        return round((run.depth or 0.0) / (run.speed or 1.0) / timestep) + 300
    duration = getattr(run, "duration", None)
    return round(duration / timestep) + 200 if duration else 0


def _runs(scenarios: tuple[ScenarioBase, ...], campaign: Campaign) -> list[ScenarioBase]:
    return [r for s in scenarios for r in single_runs(resolve(s, campaign.sampling.size))]


def _rate_note(runs: list[ScenarioBase]) -> str:
    notes = []
    for run in runs:
        for name, value in rates(run).items():
            unit = "1/s" if "strain" in name else "m/s"
            notes.append(f"{label(run)} {value:.3g} {unit}")
    return "; ".join(notes)


def _basic_cells(campaign: Campaign) -> int:
    options = campaign.basic_set
    return (
        11 * options.equation_of_state
        + 12 * bool(options.strains)
        + 3 * len(options.rattles)
        + 3 * options.vacancy
        + 3 * len(options.surfaces)
        + 5 * len(options.gamma_surface)
    )
