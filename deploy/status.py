"""The state of a campaign, for a terminal and as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..schemas.keys import canonical_json, digest
from ..schemas.label import DFT_ENGINES
from ..workflows.campaign import Survey, survey
from ..workflows.inputs import CampaignInputs
from .budget import spent_core_hours
from .ledger import cost_by_class, entries
from .resolve import resolve_inputs
from .run_directory import PublishedHere, RunDirectory


def read_campaign(directory: RunDirectory) -> tuple[CampaignInputs, Survey]:
    """Resolve a recorded campaign and survey what is published of it."""
    campaign, base = directory.campaign()
    inputs = resolve_inputs(campaign, base, directory.store)
    return inputs, survey(inputs, PublishedHere(directory))


def status(directory: RunDirectory) -> dict[str, Any]:
    """
    Give the state of a campaign as plain JSON.

    Returns
    -------
    dict
        ``campaign``, ``state``, ``reason``, ``iterations`` (a list: ``n``, ``gamma_max``, ``environments``,
        ``cells``, ``labels``, ``refused``, ``stages``), ``potential`` (``path``, ``errors``, ``dft``),
        ``reference``, ``refused_by_reason``, ``labels_by_class`` (number and CPU seconds of accepted, refused,
        crashed and withdrawn labels), ``artifact_digest``, ``content_digest``, ``computed_again``, ``cost``.
    """
    inputs, now = read_campaign(directory)
    artifacts = now.reachable()
    keys = sorted(artifacts)
    asked = {item.key for view in now.named("labels") + now.named("basic labels") for item in view.stage.items}
    state, reason = _state(now, directory, inputs)
    return {
        "campaign": inputs.campaign.campaign,
        "size": inputs.campaign.sampling.size,
        "state": state,
        "reason": reason,
        "iterations": [_iteration(now, n) for n in range(now.iterations)],
        "potential": _potential(directory, now),
        "reference": _reference(inputs),
        "refused_by_reason": _refused_by_reason(now),
        "labels_by_class": cost_by_class(e for e in entries(directory.labels) if e.key in asked),
        "artifact_digest": digest(canonical_json(keys)),
        "content_digest": digest(canonical_json([artifacts[k].content_digest for k in keys])),
        "computed_again": directory.store.computed_again() + directory.labels.computed_again(),
        "cost": _cost(now),
    }


def _state(now: Survey, directory: RunDirectory, inputs: CampaignInputs) -> tuple[str, str]:
    """State and reason; a campaign that has work left and no process is paused, by its user or its budget."""
    if now.state != "running" or directory.locked():
        return now.state, now.reason
    if not now.reachable():
        return "submitted", ""
    budget = inputs.campaign.budget
    spent = f"{spent_core_hours(now):.3g} core-hours spent"
    return "paused", spent if budget is None else f"{spent} of {budget.core_hours:g}"


def _iteration(now: Survey, n: int) -> dict[str, Any]:
    views = [v for v in now.stages if v.stage.iteration == n]
    graded = [a for v in views for a in v.accepted if a.task in {"candidates", "explore"}]
    labels = [v for v in views if "labels" in v.stage.name]
    cells = now.stage(n, "reconstruction")
    chosen = now.stage(n, "selection")
    return {
        "n": n,
        "gamma_max": max((float(a.document["gamma_max"]) for a in graded), default=None),
        "environments": sum(len(a.document["environments"]) for a in chosen.accepted) if chosen else 0,
        "cells": len(cells.accepted) if cells else 0,
        "labels": sum(len(v.accepted) for v in labels),
        "refused": sum(len(v.refused) + len(v.lost) for v in views),
        "stages": [
            {
                "name": v.stage.name,
                "done": len(v.artifacts),
                "total": len(v.stage.items),
                "refused": len(v.refused),
                "lost": len(v.lost),
            }
            for v in views
        ],
    }


def _potential(directory: RunDirectory, now: Survey) -> dict[str, Any] | None:
    if now.fit is None:
        return None
    artifact = now.reachable()[now.fit]
    path = directory.root / "potential"
    return {
        "path": str(path) if path.is_dir() else None,
        "size": artifact.inputs["size"],
        "errors": artifact.document["errors"],
        "key": now.fit,
    }


def _reference(inputs: CampaignInputs) -> dict[str, Any]:
    from ..tasks.reference.engine import engine_name
    from ..workflows.labelling import reference_key

    spec = inputs.campaign.reference
    name = engine_name(spec)
    return {"engine": name, "dft": name in DFT_ENGINES, "spec": reference_key(inputs)}


def _refused_by_reason(now: Survey) -> dict[str, int]:
    out: dict[str, int] = {}
    for view in now.stages:
        for artifact in view.refused:
            assert artifact.refusal is not None
            name = f"{view.stage.name}: {artifact.refusal.code}"
            out[name] = out.get(name, 0) + 1
        if view.lost:
            out[f"{view.stage.name}: given up"] = len(view.lost)
    return out


def _cost(now: Survey) -> dict[str, float]:
    """Processor seconds by stage; those of labels found in a shared store are what they once cost."""
    out: dict[str, float] = {}
    for view in now.stages:
        spent = sum(float(a.provenance.get("cpu_s", 0.0)) for a in view.artifacts.values())
        out[view.stage.name] = round(out.get(view.stage.name, 0.0) + spent, 2)
    return out


def print_status(directory: RunDirectory, outputs: dict[str, Path] | None = None) -> None:
    """Print the table of a campaign to stdout."""
    from rich.console import Console
    from rich.table import Table

    now = status(directory)
    console = Console()
    title = f"{now['campaign']}: {now['state']}" + (f" ({now['reason']})" if now["reason"] else "")
    table = Table(title=title, title_justify="left")
    for name in ("iteration", "gamma max", "environments", "cells", "labels", "refused"):
        table.add_column(name, justify="right")
    for row in now["iterations"]:
        gamma = "-" if row["gamma_max"] is None else f"{row['gamma_max']:.2f}"
        counts = (str(row[k]) for k in ("environments", "cells", "labels", "refused"))
        table.add_row(str(row["n"]), gamma, *counts)
    console.print(table)
    for line in _remarks(now):
        console.print(line, highlight=False, soft_wrap=True)
    for name, path in (outputs or {}).items():
        console.print(f"{name:<10} {path}", highlight=False, soft_wrap=True)


def _remarks(now: dict[str, Any]) -> list[str]:
    lines = []
    reference = now["reference"]
    if not reference["dft"]:
        lines.append(f"reference: {reference['engine']} - NOT DFT: labels, potential and errors are a rehearsal")
    if now["size"] == "quick":
        lines.append("size quick: small cells and fast rates, a rehearsal; use standard for results")
    if now["potential"] is not None:
        errors = now["potential"]["errors"]
        for part in ("test", "train"):
            e = errors.get(part)
            if e:
                lines.append(
                    f"{part:<5} {e['energy_rmse_mev_per_atom']:.2f} meV/atom, "
                    f"{e['force_rmse_mev_per_angstrom']:.1f} meV/A on {e['n_structures']} structures "
                    f"({'held out by source environment' if part == 'test' else 'fitted'})"
                )
    for reason, count in now["refused_by_reason"].items():
        lines.append(f"refused {count} x {reason}")
    for kind, row in now["labels_by_class"].items():
        if kind != "accepted":
            lines.append(f"labels {kind}: {row['count']:.0f} for {row['cpu_s']:.1f} CPU s")
    return lines
