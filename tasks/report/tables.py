"""Tables of the report: columns and cells as text; what is numeric is set to the right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .accuracy import SIDE_WORDS
from .data import ExploredRow, FamilyError, FunnelRow, LearningPoint, PropertyRow, RefusalRow, ScenarioRow, TimeRow
from .data import Uncertainty as EnsembleUncertainty
from .funnel import step_names
from .style import counts

NONE = "–"
RATES = {"strain_rate_per_s": "1/s", "speed_m_per_s": "m/s"}
DIGITS = {"Å": 4, "eV": 3, "GPa": 1, "J/m²": 3}  # of a property in this unit
LONGEST = 240  # characters of an example
UNCERTAINTY_WORDS = {
    "sigma_mean": "mean uncertainty of an atom's force (eV/Å)",
    "sigma_p99": "its 99th percentile (eV/Å)",
    "error_rmse": "root-mean-square error of an atom's force vector (eV/Å)",
    "correlation": "rank correlation of uncertainty and error (Spearman)",
}


@dataclass(frozen=True)
class Bar:
    """A cell that shows a share of the largest value, percent."""

    percent: int


Cell = str | Bar


@dataclass(frozen=True)
class Table:
    """
    A table.

    Attributes
    ----------
    columns
        (heading, numeric) of each.
    rows
        As many cells as columns.
    total
        Whether the last row sums up the others.
    """

    columns: tuple[tuple[str, bool], ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: bool = False


def table(words: str, rows: Iterable[Sequence[Cell]], *, total: bool = False) -> Table:
    """Make a table from headings divided by ``|``; ``>`` in front of a heading marks a numeric column."""
    headings = words.replace("/", "/\u2060").split("|")  # no line break within a unit
    columns = tuple((w.strip().removeprefix(">").strip(), w.strip().startswith(">")) for w in headings)
    return Table(columns, tuple(tuple(r) for r in rows), total)


def fixed(value: float | None, digits: int) -> str:
    """Write with so many digits, or a dash."""
    return NONE if value is None else _minus(f"{value:.{digits}f}")


def number(value: float | None) -> str:
    """Write a number of things, or a dash."""
    return NONE if value is None else counts(value)


def scenario_table(rows: Sequence[ScenarioRow]) -> Table:
    """Sampling runs."""
    cells = (
        (
            f"{r.label} (refused: {r.refused})" if r.refused else r.label,
            r.potential,
            number(r.atoms),
            fixed(r.ps, 2),
            fixed(r.temperature, 0),
            number(r.snapshots),
            _rate(r.rates),
        )
        for r in rows
    )
    return table("run | potential | > atoms | > time (ps) | > T at the end (K) | > snapshots | > rate", cells)


def funnel_table(rows: Sequence[FunnelRow], gamma_select: float) -> Table:
    """Environments by iteration and scenario."""
    cells = (
        (str(r.iteration), r.scenario, *map(number, (r.graded, r.above, r.candidates, r.chosen, r.cells, r.labels)))
        for r in rows
    )
    steps = step_names(gamma_select)
    columns = (("iteration", True), ("scenario", False), *((name, True) for name in steps))
    return Table(columns, tuple(tuple(c) for c in cells))


def learning_table(points: Sequence[LearningPoint]) -> Table:
    """Errors by iteration."""
    cells = (
        (
            str(p.iteration),
            number(p.structures),
            fixed(p.train_energy, 2),
            fixed(p.test_energy, 2),
            fixed(p.train_force, 1),
            fixed(p.test_force, 1),
        )
        for p in points
    )
    words = (
        "> iteration | > training structures | > energy, fitted (meV/atom) | > energy, held out (meV/atom) "
        "| > force, fitted (meV/Å) | > force, held out (meV/Å)"
    )
    return table(words, cells)


def family_table(rows: Sequence[FamilyError]) -> Table:
    """Errors by family."""
    cells = ((f.family, SIDE_WORDS[f.side], number(f.structures), fixed(f.energy, 2), fixed(f.force, 1)) for f in rows)
    return table("family | side | > structures | > energy RMSE (meV/atom) | > force RMSE (meV/Å)", cells)


def uncertainty_table(u: EnsembleUncertainty | None) -> Table:
    """What the calibration says in numbers."""
    found = {} if u is None else u.facts
    return table(" | >", ((w, fixed(found[k], 3)) for k, w in UNCERTAINTY_WORDS.items() if k in found))


def refusal_table(rows: Sequence[RefusalRow]) -> Table:
    """Refusals by stage and code."""
    largest = max((r.count for r in rows), default=1)
    cells = ((r.stage, r.code, number(r.count), _bar(r.count, largest), _shortened(r.examples)) for r in rows)
    return table("stage | reason | > number | | examples", cells)


def temperature_table(rows: Sequence[ExploredRow]) -> Table:
    """Atoms times picoseconds by temperature."""
    last = max((r.iteration for r in rows), default=0)
    groups: dict[float | None, list[ExploredRow]] = {}
    for run in rows:
        groups.setdefault(run.temperature, []).append(run)
    sums = {t: _volume(runs) for t, runs in groups.items()}
    largest = max(sums.values(), default=0)
    cells = (
        (
            fixed(t, 0),
            str(len(groups[t])),
            number(sums[t]),
            _bar(sums[t], largest),
            number(_volume(r for r in groups[t] if r.iteration == last)),
        )
        for t in sorted(groups, key=lambda t: -1.0 if t is None else t)
    )
    return table("> T (K) | > runs | > atoms × ps | | > of these in the last iteration", cells)


def explored_table(rows: Sequence[ExploredRow], descriptors: str) -> Table:
    """Each run with a new potential."""
    cells = (
        (
            str(r.iteration),
            r.label,
            fixed(r.temperature, 0),
            number(r.atoms),
            fixed(r.ps, 3),
            r.ended.replace("_", " "),
            fixed(r.gamma_max, 2),
            fixed(r.gamma_p99, 2),
        )
        for r in rows
    )
    words = (
        "> iteration | run | > T (K) | > atoms | > time (ps) | ended "
        f"| > largest γ ({descriptors}) | > last γ, 99th percentile"
    )
    return table(words, cells)


def property_table(rows: Sequence[PropertyRow], *, dft: bool) -> Table:
    """Properties side by side."""
    cells = ((p.name, _value(p.potential, p.unit), _value(p.reference, p.unit), _difference(p), p.unit) for p in rows)
    origin = "reference" if dft else "reference (teacher)"
    return table(f"property | > new potential | > {origin} | > difference | unit", cells)


def time_table(rows: Sequence[TimeRow]) -> Table:
    """Cost by stage over all iterations, in the order in which they were reached, and the sum."""
    sums: dict[str, tuple[int, float, float]] = {}
    for r in rows:
        items, cpu, wall = sums.get(r.stage, (0, 0.0, 0.0))
        sums[r.stage] = (items + r.items, cpu + r.cpu, wall + r.wall)
    largest = max((cpu for _, cpu, _ in sums.values()), default=0.0)
    cells: list[tuple[Cell, ...]] = [
        (stage, number(items), fixed(cpu, 1), _bar(cpu, largest), fixed(wall, 1))
        for stage, (items, cpu, wall) in sums.items()
    ]
    items, cpu, wall = sum(r.items for r in rows), sum(r.cpu for r in rows), sum(r.wall for r in rows)
    cells.append(("all", number(items), fixed(cpu, 1), "", fixed(wall, 1)))
    return table("stage | > items | > processor time (s) | | > wall time of its jobs (s)", cells, total=True)


def iteration_time_table(rows: Sequence[TimeRow]) -> Table:
    """Cost by iteration and stage."""
    cells = ((str(r.iteration), r.stage, number(r.items), fixed(r.cpu, 1), fixed(r.wall, 1)) for r in rows)
    return table("> iteration | stage | > items | > processor time (s) | > wall time (s)", cells)


def _bar(value: float, largest: float) -> Bar:
    return Bar(round(100 * value / largest) if largest > 0 else 0)


def _volume(runs: Iterable[ExploredRow]) -> float:
    return sum(r.atoms * r.ps for r in runs)


def _shortened(examples: Sequence[str]) -> str:
    return "; ".join(e if len(e) <= LONGEST else e[:LONGEST] + " …" for e in examples)


def _rate(rates: Mapping[str, Any]) -> str:
    return ", ".join(f"{v:.3g} {RATES.get(k, k)}".replace("e+", "e") for k, v in sorted(rates.items())) or NONE


def _value(value: float | str | None, unit: str) -> str:
    if value is None or isinstance(value, str):
        return value or NONE
    return fixed(value, DIGITS[unit]) if unit in DIGITS else _minus(f"{value:.5g}")


def _difference(row: PropertyRow) -> str:
    a, b = row.potential, row.reference
    if a is None or b is None or isinstance(a, str) or isinstance(b, str) or b == 0:
        return NONE
    return _minus(f"{100 * (a - b) / abs(b):+.2f} %")


def _minus(text: str) -> str:
    return text.replace("-", "\u2212")
