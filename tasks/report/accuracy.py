"""Figures of errors: learning curves, parity, and the ensemble's uncertainty beside the true error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .data import LearningPoint, Parity, Uncertainty
from .head import Head
from .style import GREY, INK, SIDES, limits, new_figure, styled, to_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIDE_WORDS = {"train": "fitted", "test": "held out"}
DRAWN_AS_PATHS = 500  # more points are drawn as pixels


def learning_figure(points: Sequence[LearningPoint], head: Head) -> str:
    """Draw errors against the size of the training set, one point an iteration; empty without points."""
    if not points:
        return ""
    with styled():
        figure, axes = new_figure(2.9, 2)
        draw_learning(axes[0], points, "energy", "energy RMSE (meV/atom)")
        draw_learning(axes[1], points, "force", "force RMSE per component (meV/Å)")
        for a in axes:
            a.set_title(f"against the {head.reference_words}", fontsize=8, fontweight="normal", color=GREY)
        return to_svg(figure, "learning")


def draw_learning(axes: Axes, points: Sequence[LearningPoint], quantity: str, label: str) -> None:
    """One quantity (``energy`` or ``force``), both sides of the split."""
    from matplotlib.ticker import MaxNLocator

    for side, colour in SIDES.items():
        known = [(p, getattr(p, f"{side}_{quantity}")) for p in points]
        known = [(p, v) for p, v in known if v is not None]
        if not known:
            continue
        x = [p.structures for p, _ in known]
        y = [v for _, v in known]
        axes.plot(
            x, y, "o-", color=colour, label=SIDE_WORDS[side], markerfacecolor="white" if side == "train" else None
        )
        if side == "test" or not any(p.test_energy is not None for p in points):
            for (p, v), n in zip(known, x, strict=True):
                axes.annotate(
                    f"{p.iteration}", (n, v), xytext=(0, 5), textcoords="offset points", ha="center", fontsize=7.5
                )
    axes.set_xlabel("training structures (numbers: iteration)")
    axes.set_ylabel(label)
    axes.set_ylim(bottom=0, top=axes.get_ylim()[1] * 1.12)
    axes.margins(x=0.12)
    axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
    axes.legend(loc="best")


def parity_figure(sides: Sequence[Parity], head: Head) -> str:
    """Draw energies and forces of the written file against the reference; empty without data."""
    if not sides:
        return ""
    with styled():
        figure, axes = new_figure(4.2, 2)
        draw_energy_parity(axes[0], sides, head)
        draw_force_parity(axes[1], sides, head)
        return to_svg(figure, "parity")


def draw_energy_parity(axes: Axes, sides: Sequence[Parity], head: Head) -> None:
    """Energies per atom, a point a structure."""
    for p in _ordered(sides):
        label = f"{SIDE_WORDS[p.side]}: {p.energy_rmse:.1f} meV/atom, {len(p.energy_reference)} structures"
        _points(axes, p.energy_reference, p.energy_predicted, p.side, label, size=16)
    values = np.concatenate([np.concatenate([p.energy_reference, p.energy_predicted]) for p in sides])
    if len(values):
        _square(axes, *limits(values.tolist()))
    axes.set_xlabel(f"energy (eV/atom)\n{head.reference_words}")
    axes.set_ylabel("energy (eV/atom), new potential")


def draw_force_parity(axes: Axes, sides: Sequence[Parity], head: Head) -> None:
    """Force components; drawn as pixels, since there are thousands."""
    for p in _ordered(sides):
        label = f"{SIDE_WORDS[p.side]}: {p.force_rmse:.0f} meV/Å"
        _points(axes, p.force_reference, p.force_predicted, p.side, label, size=5)
    sizes = np.abs(np.concatenate([np.concatenate([p.force_reference, p.force_predicted]) for p in sides]))
    if len(sizes):
        reach = min(2.0 * float(np.percentile(sizes, 99.8)), float(sizes.max()) * 1.04) or 1.0
        _square(axes, -reach, reach)
        beyond = sum(int((np.abs(p.force_reference) > reach).sum()) for p in sides)
        if beyond:
            axes.text(0.97, 0.03, f"{beyond} beyond the axes", transform=axes.transAxes, ha="right", color=GREY)
    axes.set_xlabel(f"force component (eV/Å)\n{head.reference_words}")
    axes.set_ylabel("force component (eV/Å), new potential")


def _ordered(sides: Sequence[Parity]) -> list[Parity]:
    """Training first: what was held out lies on top."""
    return sorted(sides, key=lambda p: p.side == "test")


def _points(axes: Axes, x: np.ndarray, y: np.ndarray, side: str, label: str, size: float) -> None:
    axes.scatter(
        x,
        y,
        s=size,
        color=SIDES[side],
        alpha=0.5,
        linewidths=0,
        label=label,
        rasterized=len(x) > DRAWN_AS_PATHS,
    )


def _square(axes: Axes, low: float, high: float) -> None:
    """Equal axes with their diagonal, and the legend."""
    from matplotlib.ticker import MaxNLocator

    axes.plot([low, high], [low, high], color=INK, linewidth=0.7, zorder=0.5)
    axes.set_xlim(low, high)
    axes.set_ylim(low, high)
    axes.set_aspect("equal")
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_locator(MaxNLocator(6))
    legend = axes.legend(loc="upper left", handletextpad=0.1, fontsize=7.5)
    for handle in legend.legend_handles:
        handle.set_sizes([20.0])  # type: ignore[union-attr]


def uncertainty_figure(u: Uncertainty | None, head: Head) -> str:
    """Draw true error against uncertainty in bins of atoms; empty without an ensemble."""
    if u is None or not len(u.sigma):
        return ""
    with styled():
        figure, (axes,) = new_figure(3.6, width=5.0)
        values = np.concatenate([u.sigma, u.error])
        low, high = limits(values[np.isfinite(values)].tolist() or [0.0, 1.0])
        low = max(low, 0.0)
        axes.plot([low, high], [low, high], color=INK, linewidth=0.7, zorder=0.5, label="error = uncertainty")
        axes.plot(
            u.sigma,
            u.error,
            "o-",
            color=SIDES["test"],
            label="held-out atoms, binned" if u.held_out else "training atoms, binned",
        )
        axes.set_xlim(low, high)
        axes.set_ylim(low, high)
        axes.set_xlabel("force uncertainty of the ensemble (eV/Å)")
        axes.set_ylabel(f"force error (eV/Å)\nagainst the {head.reference_words}")
        axes.legend(loc="best")
        return to_svg(figure, "uncertainty")
