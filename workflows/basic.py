"""The basic set: small cells made here, and the user's own labelled set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..schemas.artifact import Artifact, Item, Outcome
from ..schemas.keys import derive_seed
from ..tasks.frames import frames_to_bytes, key_of, read_frames, round_structure
from .bench import Bench
from .inputs import CampaignInputs
from .labelling import Source

if TYPE_CHECKING:
    from ase import Atoms

GENERATED = ("equation_of_state", "strains", "rattles", "vacancy", "surfaces", "gamma_surface")


def items(inputs: CampaignInputs) -> list[Item]:
    """Items that make the basic set: the generated cells, and the user's dataset where there is one."""
    campaign = inputs.campaign
    options = campaign.basic_set.model_dump(mode="json", include=set(GENERATED))
    out = []
    if any(options.values()):
        made_from = {
            "options": options,
            "material": campaign.material.model_dump(mode="json"),
            "seed": derive_seed(campaign.seed, "basic_set"),
        }
        out.append(Item("basic_cells", 1, made_from))
    if campaign.basic_set.dataset is not None:
        [(name, sha256)] = inputs.files[campaign.basic_set.dataset]
        out.append(Item("user_dataset", 1, {"file": sha256, "spec": campaign.basic_set.spec}, {"name": name}))
    return out


def sources(artifacts: list[Artifact]) -> list[Source]:
    """Structures of the basic set that need a label."""
    return [
        Source(structure=key, blob=a.blobs["cells"], index=i)
        for a in artifacts
        if not a.document.get("labelled")
        for i, key in enumerate(a.document["structures"])
    ]


def compute_basic_cells(item: Item, bench: Bench) -> Outcome:
    """Make the small cells."""
    from ..schemas.campaign import BasicSet, Material
    from ..tasks.sampling.basic_set import basic_set

    options = BasicSet.model_validate(item.inputs["options"])
    material = Material.model_validate(item.inputs["material"])
    return _cells([round_structure(c) for c in basic_set(options, material, int(item.inputs["seed"]))], labelled=False)


def compute_user_dataset(item: Item, bench: Bench) -> Outcome:
    """Take the user's set: as labelled (``same``), or its structures only (``relabel``)."""
    from ase.calculators.singlepoint import SinglePointCalculator

    from ..tasks.frames import energy_of, forces_of

    path = bench.scratch / "dataset.extxyz"
    path.write_bytes(bench.artifacts.blob(item.inputs["file"]))
    labelled = item.inputs["spec"] == "same"
    cells = []
    for frame in read_frames(path):
        cell = round_structure(frame)
        cell.info.setdefault("family", "user")
        if labelled:
            results = {"energy": energy_of(frame), "free_energy": energy_of(frame), "forces": forces_of(frame)}
            cell.calc = SinglePointCalculator(cell, **results)
        cells.append(cell)
    return _cells(cells, labelled=labelled)


def _cells(cells: list[Atoms], *, labelled: bool) -> Outcome:
    families: dict[str, int] = {}
    for cell in cells:
        family = str(cell.info.get("family", "basic"))
        families[family] = families.get(family, 0) + 1
    document = {
        "structures": [key_of(c) for c in cells],
        "families": families,
        "atoms": sum(len(c) for c in cells),
        "labelled": labelled,
    }
    return Outcome(document, {"cells": frames_to_bytes(cells)})
