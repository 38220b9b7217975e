"""From plain numbers to one self-contained HTML page."""

from __future__ import annotations

from typing import Any

from . import tables
from .accuracy import learning_figure, parity_figure, uncertainty_figure
from .atoms import COLOURS, cell_svg, environment_svg
from .coverage import coverage_figure
from .data import Picture, ReportData
from .funnel import funnel_figure, total
from .style import counts
from .tables import Table, fixed
from .template import PAGE, STYLE

ROLES = (
    ("centre", "centre"),
    ("core", "core, held fixed"),
    ("kept", "context, kept"),
    ("new", "inserted, or moved by more than 1 Å"),
)


def render(data: ReportData) -> str:
    """
    Write the page.

    Parameters
    ----------
    data
        What it shows; sections without data say so.

    Returns
    -------
    str
        HTML without scripts and without anything to be fetched.
    """
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
    environment.filters["g"] = lambda value: f"{value:g}"
    return environment.from_string(PAGE).render(
        data=data,
        head=data.head,
        style=STYLE,
        facts=facts(data),
        figures=_figures(data),
        tables=_tables(data),
        sampled=any(p.sampled for p in data.parity),
        pictures=[_picture(p, data.head.descriptors) for p in data.pictures],
        colours=COLOURS,
        roles=ROLES,
    )


def facts(data: ReportData) -> list[tuple[str, str]]:
    """Numbers that a reader wants first, with their words."""
    head = data.head
    parts = [total(data.funnel, n) for n in (0, 1)]
    out = [
        (str(max(head.iterations - 1, 0)), "iterations of active learning"),
        (counts(sum(p.chosen for p in parts)), "environments selected"),
        (counts(sum(p.cells for p in parts)), "cells built of them"),
        (counts(sum(p.labels for p in parts)), "of these labelled"),
        (counts(sum(r.count for r in data.refusals)), "refused or given up, all stages"),
    ]
    last = max((r.iteration for r in data.explored), default=0)
    gammas = [r.gamma_max for r in data.explored if r.iteration == last and r.gamma_max is not None]
    if gammas:
        out.append((f"{max(gammas):.2f}", f"largest γ of the last iteration ({head.descriptors})"))
    if data.learning:
        p = data.learning[-1]
        side, energy, force = "held out", p.test_energy, p.test_force
        if energy is None or force is None:
            side, energy, force = "fitted", p.train_energy, p.train_force
        origin = "" if head.dft else ", not DFT"
        out.append((fixed(energy, 1), f"meV/atom, energy error, {side}{origin}"))
        out.append((fixed(force, 0), f"meV/Å, force error, {side}{origin}"))
    return out


def _figures(data: ReportData) -> dict[str, str]:
    head = data.head
    return {
        "funnel": funnel_figure(data.funnel, head.gamma_select),
        "gamma": coverage_figure(data.gamma, data.explored, head),
        "learning": learning_figure(data.learning, head),
        "parity": parity_figure(data.parity, head),
        "uncertainty": uncertainty_figure(data.uncertainty, head),
    }


def _tables(data: ReportData) -> dict[str, Table]:
    head = data.head
    return {
        "scenarios": tables.scenario_table(data.scenarios),
        "funnel": tables.funnel_table(data.funnel, head.gamma_select),
        "learning": tables.learning_table(data.learning),
        "families": tables.family_table(data.families),
        "uncertainty": tables.uncertainty_table(data.uncertainty),
        "refusals": tables.refusal_table(data.refusals),
        "temperatures": tables.temperature_table(data.explored),
        "explored": tables.explored_table(data.explored, head.descriptors),
        "properties": tables.property_table(data.properties, dft=head.dft),
        "times": tables.time_table(data.times),
        "iteration_times": tables.iteration_time_table(data.times),
    }


def _picture(p: Picture, descriptors: str) -> dict[str, Any]:
    lines = [f"{name}: {value}" for name, value in p.caption.items()]
    if p.gamma is not None:
        lines.insert(0, f"γ = {p.gamma:.1f} ({descriptors})")
    return {
        "scenario": p.scenario,
        "iteration": p.iteration,
        "environment": p.environment,
        "lines": lines,
        "environment_svg": environment_svg(p),
        "cell_svg": cell_svg(p),
    }
