"""What the finished potential is worth: properties beside the reference's, and the ensemble's uncertainty."""

from __future__ import annotations

from typing import Any

from ..schemas.artifact import Item, Outcome
from ..schemas.reference import PotentialSpec
from .bench import Bench
from .inputs import CampaignInputs


def items(inputs: CampaignInputs, fit: str, members: list[str], dataset: str) -> list[Item]:
    """Properties of the potential and of the reference where that is a potential; uncertainty of the ensemble."""
    campaign = inputs.campaign
    material = campaign.material.model_dump(mode="json")
    surfaces = [list(s) for s in campaign.basic_set.surfaces]
    out = [Item("properties", 1, {"fit": fit, "material": material, "surfaces": surfaces})]
    if isinstance(campaign.reference, PotentialSpec):
        teacher = inputs.reference_potential
        made_from = {"potential": teacher.key, "material": material, "surfaces": surfaces}
        out.append(Item("properties", 1, made_from, {"potential": teacher.blob}))
    if len(members) > 1:
        out.append(Item("uncertainty", 1, {"members": sorted(members), "dataset": dataset}))
    return out


def compute_properties(item: Item, bench: Bench) -> Outcome:
    """Lattice constant, elastic constants, vacancy and surface energies of one potential."""
    from ..schemas.campaign import Material
    from ..tasks.validation.properties import properties

    material = Material.model_validate(item.inputs["material"])
    potential = _potential(item, bench)
    return Outcome(properties(potential, material, [tuple(s) for s in item.inputs["surfaces"]]))


def _potential(item: Item, bench: Bench) -> Any:
    from ..tasks.training.pod import pod_potential

    if "fit" not in item.inputs:
        return bench.pair_potential(item.hints["potential"])
    fit = bench.artifact(item.inputs["fit"])
    return pod_potential({n: bench.artifacts.blob(s) for n, s in fit.blobs.items()}, fit.inputs["elements"])


def compute_uncertainty(item: Item, bench: Bench) -> Outcome:
    """Force uncertainty of the ensemble beside the true force error, on the held-out structures."""
    from ..tasks.training.ensemble import calibration
    from ..tasks.training.pod import pod_potential

    members = []
    for key in item.inputs["members"]:
        fit = bench.artifact(key)
        files = {n: bench.artifacts.blob(s) for n, s in fit.blobs.items()}
        members.append((int(fit.inputs["member"]), pod_potential(files, fit.inputs["elements"])))
    dataset = bench.artifact(item.inputs["dataset"])
    frames = bench.frames(dataset.blobs["test" if "test" in dataset.blobs else "train"])
    return Outcome(calibration([p for _, p in sorted(members, key=lambda m: m[0])], frames))
