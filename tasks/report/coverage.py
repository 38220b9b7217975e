"""Figures of gamma: histograms by iteration, and the largest gamma along each run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .data import ExploredRow, GammaHistogram
from .head import Head
from .style import GREY, PALE, WIDTH, counts, iteration_colours, new_figure, styled, to_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def merged_histograms(histograms: Sequence[GammaHistogram]) -> list[GammaHistogram]:
    """Add up the runs of each iteration; the bins of an iteration must be the same."""
    out: dict[int, GammaHistogram] = {}
    for h in sorted(histograms, key=lambda h: h.iteration):
        before = out.get(h.iteration)
        if before is None:
            out[h.iteration] = h
        elif np.array_equal(before.edges, h.edges):
            out[h.iteration] = GammaHistogram(
                h.iteration, h.edges, before.counts + h.counts, before.partial or h.partial
            )
    return [h for h in out.values() if h.counts.sum() > 0]


def draw_histograms(axes: Axes, histograms: Sequence[GammaHistogram], head: Head) -> None:
    """Share of atoms by gamma, one line an iteration; what is above gamma_select is shaded."""
    merged = merged_histograms(histograms)
    colours = iteration_colours(max([head.iterations, *(h.iteration + 1 for h in merged)]))
    used = [h.edges[np.flatnonzero(h.counts)[[0, -1]] + [0, 1]] for h in merged]
    low = max(min((u[0] for u in used), default=0.1), 1e-2)
    high = max([u[1] for u in used] + [1.3 * head.gamma_break])
    for h in merged:
        name = "0, sampling" if h.iteration == 0 else f"{h.iteration}, MD"
        name += f": {counts(int(h.counts.sum()))} atoms" + (" (frames above the limit only)" if h.partial else "")
        share = h.counts / h.counts.sum()
        axes.stairs(share, h.edges, color=colours[h.iteration], label=name, linewidth=1.6)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(low, high)
    axes.axvspan(head.gamma_select, high, color=PALE, alpha=0.35, linewidth=0)
    _limit_lines(axes, head, vertical=True)
    axes.set_xlabel(f"extrapolation grade γ ({head.descriptors})")
    axes.set_ylabel("share of atoms in a bin")
    if merged:
        axes.legend(
            title="iteration",
            title_fontsize=7.5,
            fontsize=7.5,
            loc="upper right",
            alignment="left",
            handlelength=1.2,
            frameon=True,
            facecolor="white",
            edgecolor="none",
            framealpha=0.9,
        )
        room = min(0.055 * (len(merged) + 1.5), 0.6)  # for the legend, above the lines
        low_y, high_y = np.log10(axes.get_ylim())
        axes.set_ylim(top=10 ** (low_y + (high_y - low_y) / (1 - room)))


def draw_traces(axes: Axes, runs: Sequence[ExploredRow], head: Head) -> None:
    """Draw the largest gamma of a run against time, one line a run, coloured by iteration."""
    colours = iteration_colours(max([head.iterations, *(r.iteration + 1 for r in runs)]))
    seen: set[int] = set()
    for run in runs:
        if not len(run.trace):
            continue
        label = f"iteration {run.iteration}" if run.iteration not in seen else None
        seen.add(run.iteration)
        time, gamma = run.trace[:, 0], np.maximum(run.trace[:, 1], 1e-2)
        axes.plot(time, gamma, color=colours[run.iteration], linewidth=1.1, label=label)
        if run.ended != "finished":
            axes.plot(time[-1], gamma[-1], "x", color=colours[run.iteration], markersize=6, markeredgewidth=1.6)
    axes.set_yscale("log")
    _limit_lines(axes, head, vertical=False)
    axes.set_xlabel("time of the run (ps)")
    axes.set_ylabel(f"largest γ ({head.descriptors})")
    if seen:
        axes.legend(loc="best", handlelength=1.2)


def _limit_lines(axes: Axes, head: Head, *, vertical: bool) -> None:
    line = axes.axvline if vertical else axes.axhline
    for value, style in ((head.gamma_select, "--"), (head.gamma_break, ":")):
        line(value, color=GREY, linestyle=style, linewidth=1.0)


def coverage_figure(histograms: Sequence[GammaHistogram], runs: Sequence[ExploredRow], head: Head) -> str:
    """
    Draw histograms by iteration, and traces where runs were explored.

    Returns
    -------
    str
        SVG; empty when there is neither.
    """
    traced = [r for r in runs if len(r.trace)]
    panels = bool(merged_histograms(histograms)) + bool(traced)
    if not panels:
        return ""
    with styled():
        figure, axes = new_figure(3.3, panels, width=WIDTH if panels == 2 else 5.4)
        if merged_histograms(histograms):
            draw_histograms(axes[0], histograms, head)
        if traced:
            draw_traces(axes[-1], traced, head)
        return to_svg(figure, "gamma")
