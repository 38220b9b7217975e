"""Training: the dataset from its labels, the fits, the errors on what was held out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..schemas.artifact import Item, Outcome
from ..schemas.errors import StoreError
from ..schemas.keys import derive_seed
from ..tasks.frames import frames_to_bytes
from .bench import Bench
from .inputs import CampaignInputs
from .labelling import Source


def dataset_item(
    inputs: CampaignInputs, sources: dict[str, Source], frames: Mapping[str, str], user: list[str]
) -> Item:
    """
    Dataset of all accepted labels so far.

    Parameters
    ----------
    inputs
        The campaign.
    sources
        Label key -> where its structure (with its origin) is.
    frames
        Label key -> digest of its labelled frame: one that was withdrawn and computed anew may be another.
    user
        Keys of the user's own labelled sets.
    """
    labels = [[key, frames[key], s.blob, s.index, s.iteration] for key, s in sorted(sources.items())]
    made_from = {
        "labels": labels,
        "user": sorted(user),
        "test_fraction": inputs.campaign.training.test_fraction,
        "seed": derive_seed(inputs.campaign.seed, "split"),
    }
    return Item("dataset", 1, made_from)


def fit_items(inputs: CampaignInputs, dataset: str) -> list[Item]:
    """The potential, then the members of its ensemble."""
    training = inputs.campaign.training
    out = []
    for member in range(max(training.ensemble, 1)):
        made_from = {
            "dataset": dataset,
            "potential": training.potential,
            "size": training.size,
            "elements": list(inputs.campaign.material.elements),
            "member": member,
            "seed": derive_seed(inputs.campaign.seed, "fit", member),
        }
        out.append(Item("fit", 1, made_from))
    return out


def compute_dataset(item: Item, bench: Bench) -> Outcome:
    """Join labels with the origin of their structures, and split by source environment."""
    from ..tasks.training.split import assert_disjoint, split

    own = [frame for key in item.inputs["user"] for frame in bench.frames(bench.artifact(key).blobs["cells"])]
    for frame in own:
        frame.info["iteration"] = 0
    frames = [*_labelled(item, bench), *own]
    engine = _one_origin(frames)
    train, test = split(frames, float(item.inputs["test_fraction"]), int(item.inputs["seed"]))
    assert_disjoint(train, test)
    families: dict[str, int] = {}
    for frame in frames:
        families[str(frame.info.get("family"))] = families.get(str(frame.info.get("family")), 0) + 1
    document = {
        "structures": len(frames),
        "train": len(train),
        "test": len(test),
        "atoms": sum(map(len, frames)),
        "families": families,
        "engine": engine,
    }
    blobs = {"train": frames_to_bytes(train)}
    if test:
        blobs["test"] = frames_to_bytes(test)
    return Outcome(document, blobs)


def _labelled(item: Item, bench: Bench) -> list[Any]:
    """Labelled frames, each with what is known of its structure."""
    out = []
    for key, labelled, blob, index, iteration in item.inputs["labels"]:
        label = bench.labels.get(key)
        if label is None or label.blobs.get("frame") != labelled:
            raise StoreError(f"label {key[:12]} is no longer what it was: run again")
        frame = bench_frame(bench, labelled)
        frame.info.update(_origin(bench.frame(blob, index).info), iteration=iteration)
        out.append(frame)
    return out


def _one_origin(frames: list[Any]) -> str:
    """
    Return the engine of all labels; frames of the user's set that are silent about theirs are given it.

    Raises
    ------
    MixedLabelsError
        If some frames say another engine or spec: the user's set was not made as ``reference`` says.
    """
    from ..schemas.label import DFT_ENGINES, check_one_origin

    said = {(str(f.info["engine"]), str(f.info["spec"])) for f in frames if {"engine", "spec"} <= f.info.keys()}
    if not said:
        return "user"
    named = {spec: engine for engine, spec in sorted(said)}  # one content, which files of two names may have held
    engine, spec = check_one_origin([(named[spec], spec) for _, spec in said])
    for frame in frames:
        frame.info.update(engine=engine, spec=spec, dft=engine in DFT_ENGINES)
    return engine


def bench_frame(bench: Bench, sha256: str) -> Any:
    """Return the one frame of a label's blob."""
    from ..tasks.frames import frames_from_bytes

    [frame] = frames_from_bytes(bench.labels.blob(sha256))
    return frame


def _origin(info: dict[str, Any]) -> dict[str, Any]:
    kept = ("environment", "scenario", "family", "origin", "n_core")
    return {name: info[name] for name in kept if name in info}


def compute_fit(item: Item, bench: Bench) -> Outcome:
    """Fit one potential and evaluate the written file on both sides of the split."""
    from ..tasks.training.ensemble import member_frames
    from ..tasks.training.train import evaluate_split, fit_potential

    inputs = item.inputs
    dataset = bench.artifact(inputs["dataset"])
    train = bench.frames(dataset.blobs["train"])
    test = bench.frames(dataset.blobs["test"]) if "test" in dataset.blobs else []
    member = int(inputs["member"])
    chosen = member_frames(train, member, int(inputs["seed"]))
    files = fit_potential(chosen, inputs["size"], inputs["elements"], member=member)
    document: dict[str, Any] = {"size": inputs["size"], "member": member, "structures": len(chosen)}
    if member == 0:
        document["errors"] = evaluate_split(files, inputs["elements"], train, test)
    return Outcome(document, files)
