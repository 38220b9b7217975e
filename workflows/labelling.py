"""Reference calculations: one item a structure, in the label store."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from pydantic import TypeAdapter

from ..schemas.artifact import Item, Outcome, Refusal
from ..schemas.reference import AnySpec, PotentialSpec, ReferenceSpec, spec_key
from ..tasks.frames import attach_label, frames_to_bytes, key_of, round_structure
from .bench import Bench
from .inputs import CampaignInputs

COST = ("cpu_seconds", "attempt")  # of a refusal's data: provenance


@dataclass(frozen=True)
class Source:
    """
    Where a structure to be labelled is.

    Attributes
    ----------
    structure
        Its structure key.
    blob, index
        Digest of an extended XYZ blob, and the frame in it.
    iteration
        That first asked for the label.
    """

    structure: str
    blob: str
    index: int
    iteration: int = 0

    def at(self, iteration: int) -> Source:
        """Copy with the iteration set."""
        return replace(self, iteration=iteration)


def reference_key(inputs: CampaignInputs) -> str:
    """Hash of the physics of the campaign's reference, the teacher's content included."""
    spec = inputs.campaign.reference
    physics = spec.physics()
    if isinstance(spec, PotentialSpec):
        physics["potential"] = inputs.reference_potential.key
    return spec_key(physics)


def item(inputs: CampaignInputs, source: Source) -> Item:
    """Label item of a structure: its key is structure and physics (with the gate's limits), nothing else."""
    spec = inputs.campaign.reference
    made_from = {
        "structure": source.structure,
        "spec": reference_key(inputs),
        "limits": spec.limits.model_dump(mode="json"),
    }
    hints = {"blob": source.blob, "index": source.index, "reference": spec.model_dump(mode="json")}
    if isinstance(spec, PotentialSpec):
        hints["potential"] = inputs.reference_potential.blob
    return Item("label", 1, made_from, hints)


def compute_label(item: Item, bench: Bench) -> Outcome:
    """Label one structure; what the gate refuses is published as a refusal."""
    from ..tasks.reference.engine import compute_patiently

    structure = round_structure(bench.frame(item.hints["blob"], item.hints["index"]))
    if key_of(structure) != item.inputs["structure"]:
        raise ValueError(f"structure {item.inputs['structure'][:12]} is not frame {item.hints['index']} of its blob")
    bare = structure.copy()
    bare.info.clear()
    spec: AnySpec = TypeAdapter(ReferenceSpec).validate_python(item.hints["reference"])
    potential = bench.pair_potential(item.hints["potential"]) if "potential" in item.hints else None
    answer = compute_patiently(bare, spec, bench.place(spec.engine, item.key), potential)
    if isinstance(answer, Refusal):
        refusal, cost = _without_cost(answer)
        return Outcome({"structure": item.inputs["structure"]}, refusal=refusal, provenance={"cost": cost})
    document = {
        "structure": item.inputs["structure"],
        "energy": answer.energy,
        "energy_sigma0": answer.energy_sigma0,
        "atoms": len(structure),
        "engine": answer.engine,
        "spec": answer.spec_key,
        "dft": answer.is_dft,
        "gate": dict(answer.gate),
        "corrections": list(answer.corrections),
        "pseudopotentials": list(answer.pseudopotentials),
    }
    provenance = {"engine_version": answer.engine_version, "cost": dict(answer.cost)}
    blobs = {"frame": frames_to_bytes([attach_label(bare, answer)])}
    return Outcome(document, blobs, provenance=provenance)


def _without_cost(refusal: Refusal) -> tuple[Refusal, dict[str, Any]]:
    """Take what a refused calculation cost out of its content, which is to be the same when it is computed again."""
    cost = {name: value for name, value in refusal.data.items() if name in COST}
    return replace(refusal, data={k: v for k, v in refusal.data.items() if k not in cost}), cost
