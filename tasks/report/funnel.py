"""The funnel: from graded atoms to labelled cells, by scenario."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .data import FUNNEL_STEPS, FunnelRow
from .style import BLUE, GREY, INK, ORANGE, counts, literal, new_figure, styled, to_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PANELS = 12  # more would not be read; the table has them all
COLUMNS = 3
NEW_POTENTIAL = "new potential"


def step_names(gamma_select: float) -> tuple[str, ...]:
    """Steps for a reader."""
    return ("atoms graded", f"γ > {gamma_select:g}", "candidates", "selected", "cells built", "labelled")


def by_scenario(rows: Sequence[FunnelRow]) -> list[FunnelRow]:
    """Add up the iterations of each exploration scenario (iteration 1 then stands for all); sampling stays."""
    out: dict[tuple[bool, str], FunnelRow] = {}
    for row in rows:
        key = (row.iteration > 0, row.scenario)
        first = FunnelRow(int(row.iteration > 0), row.scenario)
        out[key] = _sum(out.get(key, first), row)
    return [out[k] for k in sorted(out)]


def total(rows: Sequence[FunnelRow], iteration: int) -> FunnelRow:
    """Add up all scenarios of sampling (0) or of exploration (1)."""
    out = FunnelRow(iteration, "")
    for row in rows:
        if min(row.iteration, 1) == iteration:
            out = _sum(out, row)
    return out


def whole(rows: Sequence[FunnelRow]) -> FunnelRow:
    """Sum over everything that was sampled and explored."""
    return _sum(total(rows, 0), total(rows, 1))


def _sum(a: FunnelRow, b: FunnelRow) -> FunnelRow:
    added: dict[str, Any] = {}
    for name in FUNNEL_STEPS:
        known = [v for v in (getattr(a, name), getattr(b, name)) if v is not None]
        added[name] = sum(known) if known else None
    return replace(a, **added)


def draw_bars(axes: Axes, row: FunnelRow, names: Sequence[str], colour: str, largest: float) -> None:
    """One funnel, top to bottom, on a logarithmic axis; each bar has its number."""
    values = [getattr(row, name) for name in FUNNEL_STEPS]
    for place, value in enumerate(values):
        if value:
            axes.barh(place, value, left=0, height=0.72, color=colour, alpha=1 - 0.09 * place)
        text = "not recorded" if value is None else counts(value)
        axes.text(max(value or 0, 0.6) * 1.15, place, text, va="center", fontsize=7.5, color=INK if value else GREY)
    axes.set_xscale("log")
    axes.set_xlim(0.6, largest * 12)
    axes.set_ylim(len(values) - 0.4, -0.6)
    axes.set_yticks(range(len(values)), names)
    axes.tick_params(axis="y", length=0)
    axes.grid(False, axis="y")
    axes.spines["left"].set_visible(False)


def funnel_figure(rows: Sequence[FunnelRow], gamma_select: float) -> str:
    """
    Draw one funnel a scenario.

    Parameters
    ----------
    rows
        By iteration and scenario.
    gamma_select
        For the name of the step.

    Returns
    -------
    str
        SVG; empty without rows.
    """
    merged = by_scenario(rows)
    if not merged:
        return ""
    shown = sorted(merged, key=lambda r: (-r.chosen, r.iteration, r.scenario))[:PANELS]
    shown = [r for r in merged if r in shown]
    largest = max(max(getattr(r, s) or 0 for s in FUNNEL_STEPS) for r in shown) or 1
    lines = -(-len(shown) // COLUMNS)
    with styled():
        figure, all_axes = new_figure(1.5 * lines + 0.25, COLUMNS, rows=lines)
        for i, axes in enumerate(all_axes):
            if i >= len(shown):
                axes.set_axis_off()
                continue
            row = shown[i]
            draw_bars(axes, row, step_names(gamma_select), ORANGE if row.iteration else BLUE, largest)
            name = literal(row.scenario)
            axes.set_title(f"{name}, {NEW_POTENTIAL}" if row.iteration else name, fontsize=8)
            if i % COLUMNS:
                axes.set_yticklabels([])
            if i + COLUMNS >= len(shown):
                axes.set_xlabel("environments")
        return to_svg(figure, "funnel")
