"""From published artifacts to the rows of a report; a document that lacks a key gives a row that lacks a number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...schemas.artifact import Artifact
from .data import (
    ExploredRow,
    FamilyError,
    FunnelRow,
    GammaHistogram,
    LearningPoint,
    PropertyRow,
    RefusalRow,
    ScenarioRow,
    TimeRow,
)

EXAMPLES = 3
UNITS = {
    "a_A": ("lattice constant", "Å"),
    "energy_per_atom_eV": ("energy per atom", "eV"),
    "C11_GPa": ("C11", "GPa"),
    "C12_GPa": ("C12", "GPa"),
    "C44_GPa": ("C44", "GPa"),
    "vacancy_eV": ("vacancy formation energy", "eV"),
}


@dataclass(frozen=True)
class StageRecord:
    """A stage of an iteration: its published artifacts (refusals among them), and how many items were given up."""

    iteration: int
    name: str
    artifacts: tuple[Artifact, ...]
    lost: int = 0

    @property
    def accepted(self) -> list[Artifact]:
        """Those that are no refusals."""
        return [a for a in self.artifacts if a.refusal is None]


Spectra = Callable[[Artifact], Sequence[Mapping[str, Any]]]  # gamma spectra of candidates, as plain JSON


def of_task(stages: Sequence[StageRecord], *tasks: str) -> Iterator[tuple[int, Artifact]]:
    """Accepted artifacts of some tasks, with their iteration, in the order of the campaign."""
    for stage in sorted(stages, key=lambda s: s.iteration):
        for artifact in sorted(stage.accepted, key=lambda a: (str(a.document.get("label", "")), a.key)):
            if artifact.task in tasks:
                yield stage.iteration, artifact


def scenario_rows(stages: Sequence[StageRecord], potential_names: Mapping[str, str]) -> tuple[ScenarioRow, ...]:
    """Sampling runs; ``potential_names`` gives the name of a potential's key."""
    rows = []
    for stage in stages:
        for a in stage.artifacts:
            if a.task != "sample":
                continue
            d = a.document
            rows.append(
                ScenarioRow(
                    label=str(d.get("label", "")),
                    potential=potential_names.get(a.inputs.get("potential", ""), "-"),
                    atoms=d.get("atoms"),
                    ps=d.get("ps"),
                    temperature=d.get("temperature_K"),
                    snapshots=d.get("snapshots"),
                    rates=d.get("rates") or {},
                    refused=a.refusal.reasons[0] if a.refusal else "",
                )
            )
    return tuple(sorted(rows, key=lambda r: r.label))


def funnel_rows(stages: Sequence[StageRecord], spectra: Spectra) -> tuple[FunnelRow, ...]:
    """Environments by iteration and scenario."""
    rows: dict[tuple[int, str], FunnelRow] = {}

    def add(iteration: int, scenario: str, **more: int) -> None:
        row = rows.setdefault((iteration, scenario), FunnelRow(iteration, scenario))
        added: dict[str, Any] = {k: (getattr(row, k) or 0) + v for k, v in more.items()}
        rows[iteration, scenario] = replace(row, **added)

    for n, a in of_task(stages, "candidates", "explore"):
        label = str(a.document.get("label", ""))
        add(n, label, candidates=int(a.document.get("candidates", 0)))
        counted = _graded(a, spectra)
        if counted is not None:
            add(n, label, graded=counted[0], above=counted[1])
    for n, a in of_task(stages, "select"):
        for scenario in a.document.get("scenarios", ()):
            add(n, scenario, chosen=1)
    structures = {}
    for n, a in of_task(stages, "reconstruct"):
        scenario = str(a.document.get("scenario", ""))
        structures[a.document.get("structure")] = (n, scenario)
        add(n, scenario, cells=1)
    for _, a in of_task(stages, "label"):
        if a.document.get("structure") in structures:
            add(*structures[a.document["structure"]], labels=1)
    return tuple(rows[k] for k in sorted(rows))


def _graded(artifact: Artifact, spectra: Spectra) -> tuple[int, int] | None:
    """
    Atoms graded and atoms above gamma_select, or None where that was not recorded.

    The spectra of an exploration are those of the frames that it kept, so they do not tell how many were graded.
    """
    d = artifact.document
    if "n_graded" in d and "n_above_select" in d:
        return int(d["n_graded"]), int(d["n_above_select"])
    if artifact.task == "explore":
        return None
    found = spectra(artifact)
    return sum(int(np.sum(s["centres"])) for s in found), sum(int(s["n_above_select"]) for s in found)


def gamma_histograms(stages: Sequence[StageRecord], spectra: Spectra, edges: np.ndarray) -> tuple[GammaHistogram, ...]:
    """Atoms by gamma; an exploration's own histogram counts each look, its spectra only the frames that it kept."""
    out = []
    for n, a in of_task(stages, "candidates", "explore"):
        whole = a.document.get("histogram") or {}
        counts = whole.get("counts", whole.get("centres")) if isinstance(whole, Mapping) else whole
        if counts is not None and len(counts) > 0:
            own = np.asarray(whole.get("edges", edges) if isinstance(whole, Mapping) else edges, float)
            if len(own) == len(counts) + 1:
                out.append(GammaHistogram(n, own, np.asarray(counts, float)))
                continue
        out += [GammaHistogram(n, edges, np.asarray(s["centres"], float), a.task == "explore") for s in spectra(a)]
    return tuple(out)


def learning_points(stages: Sequence[StageRecord]) -> tuple[LearningPoint, ...]:
    """Errors of each iteration's potential; an ensemble's first member is the potential."""
    datasets = {a.key: a for _, a in of_task(stages, "dataset")}
    points = []
    for n, a in of_task(stages, "fit"):
        errors = a.document.get("errors")
        if not errors:
            continue
        dataset = datasets.get(a.inputs.get("dataset", ""))
        size = dataset.document if dataset else {}
        train, test = errors.get("train") or {}, errors.get("test") or {}
        points.append(
            LearningPoint(
                iteration=n,
                structures=int(size.get("train", train.get("n_structures", 0))),
                atoms=int(train.get("n_atoms", 0)),
                train_energy=train.get("energy_rmse_mev_per_atom"),
                train_force=train.get("force_rmse_mev_per_angstrom"),
                test_energy=test.get("energy_rmse_mev_per_atom"),
                test_force=test.get("force_rmse_mev_per_angstrom"),
            )
        )
    return tuple(points)


def family_errors(errors: Mapping[str, Any]) -> tuple[FamilyError, ...]:
    """Errors by family of one fit's document, training side and held-out side."""
    rows = []
    for side in ("test", "train"):
        for family, e in sorted(((errors.get(side) or {}).get("by") or {}).items()):
            if "energy_rmse_mev_per_atom" in e:
                energy, force = e["energy_rmse_mev_per_atom"], e["force_rmse_mev_per_angstrom"]
                rows.append(FamilyError(family, side, int(e["n_structures"]), energy, force))
    return tuple(rows)


def refusal_rows(stages: Sequence[StageRecord]) -> tuple[RefusalRow, ...]:
    """Refusals by stage and code, the most frequent first."""
    found: dict[tuple[str, str], list[str]] = {}
    for stage in stages:
        for a in stage.artifacts:
            if a.refusal is not None:
                found.setdefault((stage.name, a.refusal.code), []).append("; ".join(a.refusal.reasons))
        if stage.lost:
            found.setdefault((stage.name, "given up"), []).extend(["failed repeatedly"] * stage.lost)
    rows = [
        RefusalRow(name, code, len(reasons), tuple(r for r, _ in Counter(sorted(reasons)).most_common(EXAMPLES)))
        for (name, code), reasons in found.items()
    ]
    return tuple(sorted(rows, key=lambda r: (-r.count, r.stage, r.code)))


def time_rows(stages: Sequence[StageRecord]) -> tuple[TimeRow, ...]:
    """Cost by iteration and stage."""
    rows = []
    for stage in stages:
        spent = [a.provenance for a in stage.artifacts]
        if not spent:
            continue
        cpu = sum(float(p.get("cpu_s", 0.0)) for p in spent)
        wall = sum(float(p.get("wall_s", 0.0)) for p in spent)
        rows.append(TimeRow(stage.iteration, stage.name, len(spent), cpu, wall))
    return tuple(rows)


def explored_rows(stages: Sequence[StageRecord]) -> tuple[ExploredRow, ...]:
    """Runs with a new potential, refused ones without numbers left out."""
    rows = []
    for n, a in of_task(stages, "explore"):
        d = a.document
        trace = np.asarray(d.get("trace") or np.empty((0, 2)), float).reshape(-1, 2)
        rows.append(
            ExploredRow(
                iteration=n,
                label=str(d.get("label", "")),
                temperature=d.get("temperature_K"),
                atoms=int(d.get("atoms", 0)),
                ps=float(d.get("ps", 0.0)),
                ended=str(d.get("ended", "")),
                gamma_max=d.get("gamma_max"),
                gamma_p99=d.get("gamma_p99"),
                trace=trace,
            )
        )
    return tuple(rows)


def property_rows(potential: Mapping[str, Any], reference: Mapping[str, Any]) -> tuple[PropertyRow, ...]:
    """Properties side by side, known ones first and in a fixed order."""
    names = [k for k in UNITS if k in potential or k in reference]
    names += sorted((potential.keys() | reference.keys()) - set(names))
    rows = []
    for name in names:
        words, unit = UNITS.get(name) or _surface(name)
        rows.append(PropertyRow(words, unit, potential.get(name), reference.get(name)))
    return tuple(rows)


def _surface(name: str) -> tuple[str, str]:
    if name.startswith("surface_") and name.endswith("_J_per_m2"):
        return f"surface energy ({name.removeprefix('surface_').removesuffix('_J_per_m2')})", "J/m²"
    return name, ""
