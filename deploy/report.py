"""The report of a campaign: read its directory, reduce to plain numbers, write one HTML file."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..schemas.artifact import Artifact, ArtifactStore
from ..schemas.calculator_spec import CalculatorSpec
from ..schemas.errors import DefectGenomeError, StoreError
from ..schemas.keys import canonical_json, digest
from ..schemas.pair_potential import PairPotential
from ..schemas.reference import PotentialSpec
from ..tasks.reference.engine import engine_name, is_dft
from ..tasks.report.data import Parity, Picture, PropertyRow, ReportData, Uncertainty
from ..tasks.report.head import Head
from ..tasks.report.stages import (
    StageRecord,
    explored_rows,
    family_errors,
    funnel_rows,
    gamma_histograms,
    learning_points,
    of_task,
    property_rows,
    refusal_rows,
    scenario_rows,
    time_rows,
)
from ..workflows.campaign import Survey
from ..workflows.inputs import CampaignInputs
from .progress import log
from .run_directory import RunDirectory

if TYPE_CHECKING:
    from ase import Atoms

FORCE_COMPONENTS = 20_000  # drawn at most, by side of the split
STRUCTURES = 1_000  # evaluated at most, by side of the split
PICTURES = 8


def write_report(directory: RunDirectory, path: Path) -> None:
    """
    Write the report of a campaign, whole or not at all.

    Parameters
    ----------
    directory
        Of the campaign, in any state.
    path
        Of the HTML file.

    Raises
    ------
    StoreError
        If the file cannot be written.
    """
    from ..tasks.report.page import render

    text = render(collect(directory))
    partial = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise StoreError(f"{path}: the report cannot be written: {error.strerror or error}") from error


def collect(directory: RunDirectory) -> ReportData:
    """
    Read what is published of a campaign; what is not there yet is left out.

    The newest potential is evaluated again, from the file that was written, for the parity plots.
    """
    from ..tasks.selection.spectra import GAMMA_EDGES
    from .status import read_campaign

    inputs, survey = read_campaign(directory)
    stages = [_record(v) for v in survey.stages]
    spectra = _Spectra(directory.store)
    parity = _parity(directory.store, survey)
    return ReportData(
        head=_head(directory, inputs, survey),
        scenarios=scenario_rows(stages, {p.key: p.name for p in inputs.potentials.values()}),
        funnel=funnel_rows(stages, spectra),
        gamma=gamma_histograms(stages, spectra, GAMMA_EDGES),
        learning=learning_points(stages),
        parity=parity,
        families=family_errors(survey.reachable()[survey.fit].document.get("errors") or {}) if survey.fit else (),
        uncertainty=_uncertainty(stages),
        pictures=_pictures(directory.store, inputs, stages),
        refusals=refusal_rows(stages),
        times=time_rows(stages),
        explored=explored_rows(stages),
        properties=_properties(stages),
    )


def _record(view: Any) -> StageRecord:
    artifacts = tuple(a for _, a in sorted(view.artifacts.items()))
    return StageRecord(view.stage.iteration, view.stage.name, artifacts, len(view.lost))


def _head(directory: RunDirectory, inputs: CampaignInputs, survey: Survey) -> Head:
    campaign = inputs.campaign
    artifacts = survey.reachable()
    keys = sorted(artifacts)
    state: str = survey.state
    if state == "running" and not directory.locked():
        state = "paused" if artifacts else "submitted"
    material = campaign.material
    return Head(
        name=campaign.campaign,
        state=state,
        reason=survey.reason,
        made=time.strftime("%Y-%m-%d %H:%M %Z"),
        material=f"{' '.join(material.elements)}, {material.structure}, a = {material.lattice_constant:g} Å",
        sampling_potential=inputs.potentials[campaign.sampling.potential].name,
        size=campaign.sampling.size,
        seed=campaign.seed,
        reference=_reference(inputs),
        dft=is_dft(campaign.reference),
        descriptors=campaign.selection.descriptors,
        gamma_select=campaign.active_learning.gamma_select,
        gamma_break=campaign.active_learning.gamma_break,
        potential=_potential_words(inputs),
        iterations=survey.iterations,
        digests={
            "artifact digest": digest(canonical_json(keys)),
            "content digest": digest(canonical_json([artifacts[k].content_digest for k in keys])),
        },
    )


def _reference(inputs: CampaignInputs) -> str:
    spec = inputs.campaign.reference
    if isinstance(spec, PotentialSpec):
        return f"potential:{inputs.reference_potential.name}"
    if isinstance(spec, CalculatorSpec):
        return engine_name(spec)
    return f"{engine_name(spec)}, {spec.functional}, {spec.encut:g} eV"


def _potential_words(inputs: CampaignInputs) -> str:
    training = inputs.campaign.training
    members = f", ensemble of {training.ensemble}" if training.ensemble > 1 else ""
    return f"{training.potential.upper()}, size {training.size}{members}"


class _Spectra:
    """Gamma spectra of candidates, read once from their blobs; none where a blob has none."""

    def __init__(self, store: ArtifactStore) -> None:
        self._store = store
        self._read: dict[str, Sequence[Mapping[str, Any]]] = {}

    def __call__(self, artifact: Artifact) -> Sequence[Mapping[str, Any]]:
        """Plain JSON of each snapshot's spectrum."""
        from ..tasks.selection.candidates import ROWS_BLOB

        if artifact.key not in self._read:
            found: Sequence[Mapping[str, Any]] = ()
            if ROWS_BLOB in artifact.blobs:
                with np.load(io.BytesIO(self._store.blob(artifact.blobs[ROWS_BLOB])), allow_pickle=False) as z:
                    found = json.loads(z["spectra"].tobytes()) if "spectra" in z else ()
            self._read[artifact.key] = found
        return self._read[artifact.key]


def _parity(store: ArtifactStore, survey: Survey) -> tuple[Parity, ...]:
    """Evaluate the newest potential's file on both sides of its dataset."""
    from ..tasks.frames import frames_from_bytes
    from ..tasks.training.train import main_potential

    if survey.fit is None:
        return ()
    fit = survey.reachable()[survey.fit]
    dataset = survey.reachable().get(fit.inputs["dataset"])
    if dataset is None:
        return ()
    potential = main_potential({n: store.blob(s) for n, s in fit.blobs.items()}, fit.inputs["elements"])
    out = []
    for side in ("train", "test"):
        if side not in dataset.blobs:
            continue
        try:
            known = (fit.document.get("errors") or {}).get(side) or {}
            out.append(_side(side, potential, frames_from_bytes(store.blob(dataset.blobs[side])), known))
        except DefectGenomeError as error:  # the report goes on without this side
            log("report", parity=side, left_out=str(error))
    return tuple(out)


def _side(side: str, potential: PairPotential, frames: list[Atoms], known: Mapping[str, Any]) -> Parity:
    """Evaluate structures, evenly taken where there are many; ``known`` are the errors over all of them."""
    from ..tasks.training.evaluate import evaluate

    found = evaluate(potential, evenly(frames, STRUCTURES), "family")
    components = found.force_reference.size
    kept = np.array(evenly(range(components), FORCE_COMPONENTS), int)
    numbers = {**found.summary(), **known}
    return Parity(
        side=side,
        energy_reference=found.energy_reference,
        energy_predicted=found.energy_predicted,
        force_reference=found.force_reference.ravel()[kept],
        force_predicted=found.force_predicted.ravel()[kept],
        families=found.labels,
        energy_rmse=numbers["energy_rmse_mev_per_atom"],
        force_rmse=numbers["force_rmse_mev_per_angstrom"],
        sampled=len(kept) < components or len(found.n_atoms) < len(frames),
    )


def evenly(values: Sequence[Any], most: int) -> list[Any]:
    """Take at most so many of a sequence, evenly spread over it."""
    if len(values) <= most:
        return list(values)
    return [values[i] for i in np.linspace(0, len(values) - 1, most).round().astype(int)]


def _uncertainty(stages: Sequence[StageRecord]) -> Uncertainty | None:
    found = [a for _, a in of_task(stages, "uncertainty")]
    if not found:
        return None
    document = found[-1].document
    datasets = {a.key: a for _, a in of_task(stages, "dataset")}
    dataset = datasets.get(found[-1].inputs.get("dataset", ""))
    bins = document.get("bins") or []
    columns = {k: np.array([float(b[k]) for b in bins]) for k in ("sigma", "error", "atoms")}
    facts = {k: float(v) for k, v in document.items() if isinstance(v, int | float)}
    return Uncertainty(
        members=document.get("members"),
        sigma=columns["sigma"],
        error=columns["error"],
        counts=columns["atoms"],
        facts=facts,
        held_out=dataset is None or "test" in dataset.blobs,
    )


def _properties(stages: Sequence[StageRecord]) -> tuple[PropertyRow, ...]:
    by_kind: dict[bool, Mapping[str, Any]] = {}
    for _, a in of_task(stages, "properties"):
        by_kind["fit" in a.inputs] = a.document
    return property_rows(by_kind.get(True, {}), by_kind.get(False, {})) if by_kind else ()


def _pictures(store: ArtifactStore, inputs: CampaignInputs, stages: Sequence[StageRecord]) -> tuple[Picture, ...]:
    """Draw some environments and their cells."""
    from ..tasks.frames import frames_from_bytes
    from ..tasks.report.structures import Choice, choose, picture

    cells = {a.inputs["environment"]: a for _, a in of_task(stages, "reconstruct")}
    choices, blobs = [], {}
    for n, a in of_task(stages, "select"):
        gammas = a.document.get("gammas") or [0.0] * len(a.document["environments"])
        scenarios = a.document.get("scenarios") or [""] * len(gammas)
        for name, gamma, scenario in zip(a.document["environments"], gammas, scenarios, strict=True):
            choices.append(Choice(n, scenario, float(gamma), name, rebuilt=name in cells))
            blobs[name] = a.blobs[name]
    out = []
    for choice in choose(choices, PICTURES):
        [frame] = frames_from_bytes(store.blob(blobs[choice.environment]))
        cell = None
        if choice.rebuilt:
            [cell] = frames_from_bytes(store.blob(cells[choice.environment].blobs["cell"]))
        radius = inputs.campaign.reconstruction.core_radius
        out.append(picture(frame, cell, iteration=choice.iteration, core_radius=radius))
    return tuple(out)
