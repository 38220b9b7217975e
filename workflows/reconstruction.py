"""Periodic reconstruction: one item an environment."""

from __future__ import annotations

from ..schemas.artifact import Artifact, Item, Outcome, Refusal
from ..schemas.cell import Cell
from ..schemas.errors import SimulationError
from ..schemas.keys import derive_seed
from ..tasks.frames import environment_from_atoms, frames_to_bytes, key_of
from .bench import Bench
from .inputs import CampaignInputs
from .labelling import Source


def items(inputs: CampaignInputs, selected: Artifact) -> list[Item]:
    """One item an environment that the selection chose."""
    campaign = inputs.campaign
    potential = inputs.potentials[campaign.sampling.potential]
    out = []
    for environment in selected.document["environments"]:
        made_from = {
            "environment": environment,
            "options": campaign.reconstruction.model_dump(mode="json", exclude={"max_refused"}),
            "material": campaign.material.model_dump(mode="json"),
            "potential": potential.key,
            "seed": derive_seed(campaign.seed, "reconstruct", environment),
        }
        hints = {"blob": selected.blobs[environment], "potential": potential.blob}
        out.append(Item("reconstruct", 1, made_from, hints))
    return out


def sources(cells: list[Artifact]) -> list[Source]:
    """Structures of cells, to be labelled."""
    return [Source(structure=c.document["structure"], blob=c.blobs["cell"], index=0) for c in cells]


def compute_reconstruct(item: Item, bench: Bench) -> Outcome:
    """Rebuild one environment as a periodic cell; without a feasible one the answer is a refusal."""
    from ..schemas.campaign import Material, Reconstruction
    from ..tasks.reconstruction.reconstruct import cell_to_atoms, reconstruct

    inputs = item.inputs
    [frame] = bench.frames(item.hints["blob"])
    environment = environment_from_atoms(frame)
    answer: Cell | Refusal
    try:
        answer = reconstruct(
            environment,
            bench.pair_potential(item.hints["potential"]),
            Reconstruction.model_validate(inputs["options"]),
            Material.model_validate(inputs["material"]),
            int(inputs["seed"]),
        )
    except SimulationError as error:
        answer = Refusal("no_convergence", (str(error),))
    origin = {"environment": inputs["environment"], "scenario": str(environment.info.get("scenario", ""))}
    if isinstance(answer, Refusal):
        return Outcome(origin, refusal=answer)
    atoms = cell_to_atoms(answer)
    atoms.info.update(origin, family="reconstructed")
    document = {
        **origin,
        "structure": key_of(atoms),
        "atoms": len(atoms),
        "n_core": answer.n_core,
        "energy_per_atom": answer.energy_per_atom,
        "excess_energy": answer.excess_energy,
        "dmin": answer.dmin,
        "image_gap": answer.image_gap,
        "centre_force_error": answer.centre_force_error,
    }
    return Outcome(document, {"cell": frames_to_bytes([atoms])})
