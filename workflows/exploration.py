"""On-the-fly active learning: MD with the new potential, one item a run."""

from __future__ import annotations

from ..schemas.artifact import Artifact, Item, Outcome, Refusal
from ..schemas.errors import SimulationError
from ..schemas.keys import derive_seed
from ..schemas.scenario import label
from .bench import Bench
from .inputs import CampaignInputs


def items(inputs: CampaignInputs, iteration: int, fit: str, active_set: str) -> list[Item]:
    """One item a run of an active-learning scenario; each iteration sees other trajectories."""
    campaign = inputs.campaign
    learning = campaign.active_learning
    out = []
    for run in inputs.exploration_runs():
        made_from = {
            "scenario": run.model_dump(mode="json", exclude={"potential"}),
            "material": campaign.material.model_dump(mode="json"),
            "fit": fit,
            "active_set": active_set,
            "gamma_select": learning.gamma_select,
            "gamma_break": learning.gamma_break,
            "check_every": learning.check_every,
            "context_radius": campaign.selection.context_radius,
            "max_candidates": campaign.selection.max_environments,
            "seed": derive_seed(campaign.seed, "exploration", iteration, label(run)),
        }
        out.append(Item("explore", 1, made_from, {"label": label(run)}))
    return out


def all_covered(runs: list[Artifact]) -> bool:
    """Whether every run came to its end with gamma below gamma_select for each atom that counts."""
    return all(a.document["ended"] == "finished" and a.document["gamma_max"] < a.inputs["gamma_select"] for a in runs)


def compute_explore(item: Item, bench: Bench) -> Outcome:
    """Run MD with a potential, watch gamma, keep what it does not know."""
    from ..schemas.campaign import Material
    from ..tasks.exploration.dynamics import explore
    from ..tasks.selection.active_set import ActiveSet
    from ..tasks.training.pod import pod_potential
    from .sampling import scenario_of

    inputs = item.inputs
    fit = bench.artifact(inputs["fit"])
    potential = pod_potential({n: bench.artifacts.blob(s) for n, s in fit.blobs.items()}, fit.inputs["elements"])
    active = ActiveSet.from_bytes(bench.data(inputs["active_set"], "active_set"))
    material = Material.model_validate(inputs["material"])
    try:
        found = explore(
            scenario_of(item),
            material,
            potential,
            active,
            gamma_select=float(inputs["gamma_select"]),
            gamma_break=float(inputs["gamma_break"]),
            check_every=int(inputs["check_every"]),
            context_radius=float(inputs["context_radius"]),
            max_candidates=int(inputs["max_candidates"]),
            seed=int(inputs["seed"]),
            directory=bench.scratch,
        )
    except SimulationError as error:
        return Outcome({"label": item.hints["label"]}, refusal=Refusal("simulation_failed", (str(error),)))
    return Outcome({"label": item.hints["label"], **found.report}, found.candidates.to_blobs())
