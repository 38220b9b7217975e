"""What a finished run leaves for its user: the potential, the dataset, the report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..schemas.artifact import Artifact
from ..workflows.campaign import Survey
from ..workflows.inputs import CampaignInputs
from .run_directory import RunDirectory

if TYPE_CHECKING:
    from ase import Atoms


def write_outputs(inputs: CampaignInputs, directory: RunDirectory, survey: Survey) -> dict[str, Path]:
    """
    Write the files of the newest potential, the dataset it was trained on, and the report.

    Returns
    -------
    dict
        ``potential``, ``dataset``, ``report`` -> path, as far as there is one.
    """
    out: dict[str, Path] = {}
    if survey.fit is not None:
        out["potential"] = write_potential(inputs, directory, survey)
        out["dataset"] = write_dataset(directory, survey)
    from .report import write_report

    out["report"] = directory.root / "report.html"
    write_report(directory, out["report"])
    return out


def write_potential(inputs: CampaignInputs, directory: RunDirectory, survey: Survey) -> Path:
    """Write the newest potential's directory as `train` does: files, ensemble, active set, card."""
    from ..tasks.frames import frames_from_bytes
    from ..tasks.training.train import assemble

    store = directory.store
    trained = survey.named("training")[-1].accepted
    fits = sorted((a for a in trained if a.task == "fit"), key=lambda a: a.inputs["member"])
    [active] = [a for a in trained if a.task == "active_set"]
    dataset = survey.named("dataset")[-1].accepted[0]
    parts = {p: frames_from_bytes(store.blob(dataset.blobs[p])) for p in ("train", "test") if p in dataset.blobs}
    trained_potential = assemble(
        [{name: store.blob(sha256) for name, sha256 in fit.blobs.items()} for fit in fits],
        active_set=store.blob(active.blobs["active_set"]),
        descriptors=active.inputs["descriptors"],
        size=fits[0].inputs["size"],
        train=parts["train"],
        test=parts.get("test", []),
        split={"test_fraction": dataset.inputs["test_fraction"], "seed": dataset.inputs["seed"]},
        errors=dict(fits[0].document["errors"]),
        provenance={"campaign": inputs.campaign.campaign, "fit": survey.fit},
    )
    target = directory.root / "potential"
    trained_potential.write(target)
    return target


def write_dataset(directory: RunDirectory, survey: Survey) -> Path:
    """Write the labelled structures as extended XYZ, each with ``info["split"]``."""
    from ..tasks.frames import write_frames

    target = directory.root / "dataset.extxyz"
    write_frames(target, frames_of(survey.named("dataset")[-1].accepted[0], directory))
    return target


def frames_of(dataset: Artifact, directory: RunDirectory) -> list[Atoms]:
    """Labelled structures of a dataset, each with ``info["split"]``."""
    from ..tasks.frames import frames_from_bytes

    frames = []
    for part in ("train", "test"):
        if part in dataset.blobs:
            for frame in frames_from_bytes(directory.store.blob(dataset.blobs[part])):
                frame.info["split"] = part
                frames.append(frame)
    return frames
