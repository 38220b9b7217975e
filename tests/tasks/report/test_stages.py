"""Rows from artifacts: counts add up over stages, and what is not recorded is no zero."""

from __future__ import annotations

import numpy as np
from defectgenome.schemas.artifact import Artifact, Refusal
from defectgenome.tasks.report.data import ExploredRow
from defectgenome.tasks.report.stages import (
    StageRecord,
    explored_rows,
    family_errors,
    funnel_rows,
    gamma_histograms,
    learning_points,
    property_rows,
    refusal_rows,
    scenario_rows,
    time_rows,
)
from defectgenome.tasks.report.tables import Bar, property_table, temperature_table

EDGES = np.array([0.0, 1.0, 2.0, 4.0])


def artifact(task: str, document: dict, *, inputs=None, no=None, key=None, cpu=1.0) -> Artifact:
    key = key or f"{task}-{sorted(document.items())!r}"
    return Artifact(key, task, 1, inputs or {}, document, {}, no, {"cpu_s": cpu, "wall_s": 2 * cpu})


def spectra(a: Artifact):
    return [{"centres": [5, 3, a.document["candidates"]], "n_above_select": a.document["candidates"]}]


NO = Refusal("no_feasible_cell", ("nothing fits",))
STAGES = [
    StageRecord(
        0,
        "sampling",
        (
            artifact("sample", {"label": "vacancies", "atoms": 200, "ps": 0.5}, inputs={"potential": "k"}),
            artifact("candidates", {"label": "vacancies", "candidates": 2}),
        ),
    ),
    StageRecord(0, "selection", (artifact("select", {"environments": ["e", "f"], "scenarios": ["vacancies"] * 2}),)),
    StageRecord(
        0,
        "reconstruction",
        (
            artifact("reconstruct", {"environment": "e", "scenario": "vacancies", "structure": "s"}),
            artifact("reconstruct", {"environment": "f", "scenario": "vacancies"}, no=NO),
        ),
    ),
    StageRecord(0, "labels", (artifact("label", {"structure": "s"}), artifact("label", {"structure": "other"})), 1),
    StageRecord(0, "dataset", (artifact("dataset", {"train": 9, "test": 1}, key="data"),)),
    StageRecord(
        0,
        "training",
        (
            artifact(
                "fit",
                {
                    "errors": {
                        "train": {"energy_rmse_mev_per_atom": 3.0, "force_rmse_mev_per_angstrom": 80.0, "n_atoms": 90},
                        "test": None,
                    }
                },
                inputs={"dataset": "data"},
            ),
            artifact("fit", {"member": 1}, inputs={"dataset": "data"}),
        ),
    ),
    StageRecord(
        1,
        "exploration",
        (
            artifact(
                "explore",
                {"label": "p", "candidates": 1, "atoms": 100, "ps": 0.5, "trace": [[0.0, 1.5]], "ended": "finished"},
            ),
        ),
    ),
]


def test_funnel_follows_an_environment_to_its_label():
    sampled, explored = funnel_rows(STAGES, spectra)
    counts = (sampled.graded, sampled.above, sampled.candidates, sampled.chosen, sampled.cells, sampled.labels)
    assert counts == (10, 2, 2, 2, 1, 1)
    assert (explored.iteration, explored.scenario, explored.candidates) == (1, "p", 1)
    assert explored.graded is None  # the frames that were kept are not all that were looked at


def test_exploration_prefers_its_own_histogram():
    [first, partial] = gamma_histograms(STAGES, spectra, EDGES)
    assert first.counts.tolist() == [5, 3, 2]
    assert partial.partial
    whole = artifact("explore", {"label": "p", "candidates": 1, "histogram": {"edges": [0, 1, 2], "counts": [7, 2]}})
    [found] = gamma_histograms([StageRecord(1, "exploration", (whole,))], spectra, EDGES)
    assert (found.counts.tolist(), found.partial) == ([7, 2], False)
    counted = artifact("explore", {"label": "p", "candidates": 1, "histogram": {"counts": [1, 2, 3]}})
    [found] = gamma_histograms([StageRecord(1, "exploration", (counted,))], spectra, EDGES)
    assert found.edges.tolist() == EDGES.tolist()


def test_errors_are_those_of_the_first_member():
    [point] = learning_points(STAGES)
    assert (point.structures, point.train_energy, point.test_energy) == (9, 3.0, None)


def test_families_without_structures_are_left_out():
    number = {"energy_rmse_mev_per_atom": 1.0, "force_rmse_mev_per_angstrom": 2.0, "n_structures": 3}
    found = family_errors({"test": {"by": {"a": number, "b": {"n_structures": 0}}}, "train": {"by": {"a": number}}})
    assert [(f.family, f.side) for f in found] == [("a", "test"), ("a", "train")]
    assert family_errors({}) == ()


def test_refusals_count_what_was_given_up():
    rows = refusal_rows(STAGES)
    assert [(r.stage, r.code, r.count) for r in rows] == [
        ("labels", "given up", 1),
        ("reconstruction", "no_feasible_cell", 1),
    ]
    assert rows[1].examples == ("nothing fits",)


def test_time_counts_refusals_too():
    rows = {r.stage: r for r in time_rows(STAGES)}
    assert (rows["reconstruction"].items, rows["reconstruction"].cpu, rows["reconstruction"].wall) == (2, 2.0, 4.0)


def test_rows_of_runs():
    [run] = scenario_rows(STAGES, {"k": "zhou2004"})
    assert (run.potential, run.atoms, run.temperature, run.rates) == ("zhou2004", 200, None, {})
    [explored] = explored_rows(STAGES)
    assert explored.trace.shape == (1, 2)
    assert explored.gamma_max is None


def test_properties_stand_side_by_side():
    rows = property_rows(
        {"a_A": 3.16, "surface_110_J_per_m2": 2.5, "odd": 1.0}, {"a_A": 3.17, "vacancy_eV": "no minimum"}
    )
    assert [(r.name, r.unit) for r in rows] == [
        ("lattice constant", "Å"),
        ("vacancy formation energy", "eV"),
        ("odd", ""),
        ("surface energy (110)", "J/m²"),
    ]
    assert rows[1].potential is None


def test_numbers_have_the_digits_of_their_unit():
    rows = property_rows({"a_A": 3.1559, "C11_GPa": 421.0, "energy_per_atom_eV": -8.89621}, {"C11_GPa": 522.614})
    cells = property_table(rows, dft=False).rows
    assert [r[1:4] for r in cells] == [("3.1559", "–", "–"), ("−8.896", "–", "–"), ("421.0", "522.6", "−19.44 %")]


def test_atoms_times_picoseconds_by_temperature():
    rows = [
        ExploredRow(n, "p", t, 100, 0.5, "finished", 1.0, 0.9, np.empty((0, 2))) for n in (1, 2) for t in (9.0, 3.0)
    ]
    rows.append(ExploredRow(2, "p", 9.0, 300, 1.0, "finished", 1.0, 0.9, np.empty((0, 2))))
    assert temperature_table(rows).rows == (("3", "2", "100", Bar(25), "50"), ("9", "3", "400", Bar(100), "350"))
