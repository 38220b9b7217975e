"""EIP-guided sampling: one item a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..schemas.artifact import Item, Outcome, Refusal
from ..schemas.errors import InputError, SimulationError
from ..schemas.keys import derive_seed
from ..schemas.scenario import ScenarioBase, label
from .bench import Bench
from .inputs import CampaignInputs


def items(inputs: CampaignInputs) -> list[Item]:
    """One item a run of a sampling scenario."""
    return [_item(inputs, run) for run in inputs.sampling_runs()]


def _item(inputs: CampaignInputs, run: ScenarioBase) -> Item:
    campaign = inputs.campaign
    potential = inputs.potentials[run.potential or campaign.sampling.potential]
    made_from: dict[str, Any] = {
        "scenario": run.model_dump(mode="json", exclude={"potential", "files"}),
        "material": campaign.material.model_dump(mode="json"),
    }
    hints: dict[str, Any] = {"label": label(run), "potential": potential.blob}
    if run.kind == "trajectory":  # type: ignore[attr-defined]
        found = [f for pattern in run.files for f in inputs.files[pattern]]  # type: ignore[attr-defined]
        made_from["files"] = [sha256 for _, sha256 in found]
        made_from["suffixes"] = ["".join(Path(name).suffixes[-2:]) for name, _ in found]
    else:
        made_from["potential"] = potential.key
        made_from["seed"] = derive_seed(campaign.seed, "sampling", label(run))
    return Item("sample", 1, made_from, hints)


def scenario_of(item: Item, files: tuple[str, ...] = ("",)) -> ScenarioBase:
    """Read the scenario of an item back."""
    from pydantic import TypeAdapter

    from ..schemas.scenario import Scenario

    data = dict(item.inputs["scenario"])
    if data["kind"] == "trajectory":
        data["files"] = files
    return TypeAdapter(Scenario).validate_python(data)


def compute_sample(item: Item, bench: Bench) -> Outcome:
    """Run a scenario and keep its snapshots; a run gone wrong is a refusal."""
    from ..schemas.campaign import Material
    from ..schemas.snapshot import pack_snapshots
    from ..tasks.sampling.registry import sample

    material = Material.model_validate(item.inputs["material"])
    paths = []
    for i, (sha256, suffix) in enumerate(
        zip(item.inputs.get("files", ()), item.inputs.get("suffixes", ()), strict=True)
    ):
        paths.append(bench.scratch / f"{i}{suffix}")
        paths[-1].write_bytes(bench.artifacts.blob(sha256))
    scenario = scenario_of(item)
    potential = bench.pair_potential(item.hints["potential"])
    try:
        result = sample(
            scenario, material, potential, int(item.inputs.get("seed", 0)), bench.scratch, files=paths or None
        )
    except (SimulationError, InputError) as error:
        return Outcome({"label": item.hints["label"]}, refusal=Refusal("simulation_failed", (str(error),)))
    document = {**result.report, "label": item.hints["label"]}
    cost = {"cpu_s_simulation": document.pop("cpu_s")}
    return Outcome(document, {"snapshots": pack_snapshots(result.snapshots)}, provenance=cost)
