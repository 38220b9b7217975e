"""Selection: the active set, candidates next to their snapshots, and the merge into environments."""

from __future__ import annotations

from ..schemas.artifact import Artifact, Item, Outcome
from ..tasks.frames import environment_to_atoms, frames_to_bytes
from .bench import Bench
from .inputs import CampaignInputs


def active_set_item(inputs: CampaignInputs, sources: list[str]) -> Item:
    """Active set of the structures of some artifacts (``basic_cells``, ``user_dataset``, ``dataset``)."""
    made_from = {
        "descriptors": inputs.campaign.selection.descriptors,
        "elements": list(inputs.campaign.material.elements),
        "sources": sorted(sources),
    }
    return Item("active_set", 1, made_from)


def candidates_item(inputs: CampaignInputs, sample: str, active_set: str) -> Item:
    """Candidates of one sampling run."""
    selection = inputs.campaign.selection
    made_from = {
        "sample": sample,
        "active_set": active_set,
        "gamma_select": selection.gamma_select,
        "context_radius": selection.context_radius,
        "max_candidates": selection.max_environments,
    }
    return Item("candidates", 1, made_from)


def select_item(inputs: CampaignInputs, candidates: list[Artifact], active_set: str, gamma_select: float) -> Item:
    """Merge of all candidates of an iteration, by the threshold that they were found with."""
    made_from = {
        "candidates": sorted(a.key for a in candidates),
        "active_set": active_set,
        "gamma_select": gamma_select,
        "max_environments": inputs.campaign.selection.max_environments,
    }
    return Item("select", 1, made_from)


def compute_active_set(item: Item, bench: Bench) -> Outcome:
    """Build the active set of all environments of the sources' structures."""
    from ..tasks.selection.active_set import build_active_set

    frames = []
    for key in item.inputs["sources"]:
        artifact = bench.artifact(key)
        frames += bench.frames(artifact.blobs["train" if artifact.task == "dataset" else "cells"])
    active = build_active_set(frames, item.inputs["descriptors"], item.inputs["elements"])
    document = {"descriptors": item.inputs["descriptors"], "structures": len(frames), "rows": sum(map(len, frames))}
    return Outcome(document, {"active_set": active.to_bytes()})


def compute_candidates(item: Item, bench: Bench) -> Outcome:
    """Grade every atom of a run's snapshots and keep the environments worth a label."""
    from ..schemas.snapshot import unpack_snapshots
    from ..tasks.selection.active_set import ActiveSet
    from ..tasks.selection.preselect import preselect

    inputs = item.inputs
    active = ActiveSet.from_bytes(bench.data(inputs["active_set"], "active_set"))
    snapshots = unpack_snapshots(bench.data(inputs["sample"], "snapshots"))
    found = preselect(
        snapshots,
        active,
        gamma_select=float(inputs["gamma_select"]),
        context_radius=float(inputs["context_radius"]),
        max_candidates=int(inputs["max_candidates"]),
    )
    return Outcome({"label": bench.artifact(inputs["sample"]).document["label"], **found.report}, found.to_blobs())


def compute_select(item: Item, bench: Bench) -> Outcome:
    """Merge candidates: the environments with most information, each in a blob of its own."""
    from ..tasks.selection.active_set import ActiveSet
    from ..tasks.selection.preselect import Candidates, merge

    inputs = item.inputs
    active = ActiveSet.from_bytes(bench.data(inputs["active_set"], "active_set"))
    found = []
    for key in inputs["candidates"]:
        blobs = bench.artifact(key).blobs
        found.append(Candidates.from_blobs({n: bench.artifacts.blob(s) for n, s in blobs.items()}))
    chosen = merge(
        found,
        active,
        gamma_select=float(inputs["gamma_select"]),
        max_environments=int(inputs["max_environments"]),
    )
    document = {
        "environments": [e.id for e in chosen],
        "gammas": [float(e.info["gamma"]) for e in chosen],
        "scenarios": [str(e.info["scenario"]) for e in chosen],
        "candidates": sum(len(c) for c in found),
    }
    return Outcome(document, {e.id: frames_to_bytes([environment_to_atoms(e)]) for e in chosen})
