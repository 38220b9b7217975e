"""How well a dataset covers what simulations meet: gamma by scenario, with and without a part of the dataset."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from ...schemas.errors import InputError
from ...schemas.snapshot import Snapshot
from .active_set import ActiveSet, build_active_set
from .descriptors import descriptor_calculator
from .spectra import GAMMA_EDGES, GammaSpectrum, by_info, gamma_spectrum, sum_counts

if TYPE_CHECKING:
    from ase import Atoms

WHOLE = "whole dataset"
COLOURS = ("#1b6ca8", "#d1495b", "#66a182", "#edae49")


def coverage(
    snapshots: Iterable[Snapshot],
    frames: Sequence[Atoms],
    descriptors: str,
    elements: Sequence[str],
    *,
    without: Sequence[str] = (),
    key: str = "family",
    gamma_select: float = 2.0,
) -> dict[str, list[GammaSpectrum]]:
    """
    Grade snapshots against a dataset, and against what is left of it without some families.

    Parameters
    ----------
    snapshots
        Read once, one at a time.
    frames
        The dataset.
    descriptors
        E.g. ``pod-117``: gamma means nothing without them.
    elements
        Chemical symbols.
    without
        Families, each left out by itself.
    key
        The info key that names families.
    gamma_select
        Threshold that is counted.

    Returns
    -------
    dict
        ``"whole dataset"`` and ``"without <family>"`` -> one spectrum for each snapshot.

    Raises
    ------
    InputError
        If a family is not in the dataset, or is all of it.
    """
    sets: dict[str, ActiveSet] = {WHOLE: build_active_set(frames, descriptors, elements)}
    for family in without:
        rest = [f for f in frames if str(f.info.get(key, "")) != family]
        if not 0 < len(rest) < len(frames):
            found = sorted({str(f.info[key]) for f in frames if key in f.info})
            raise InputError(f"{key} {family!r}: the dataset has {', '.join(found) or 'none'}")
        sets[f"without {family}"] = build_active_set(rest, descriptors, elements)
    spectra: dict[str, list[GammaSpectrum]] = {label: [] for label in sets}
    with descriptor_calculator(descriptors, elements) as calculator:
        for snapshot in snapshots:
            gammas = {label: np.full(len(snapshot), np.nan) for label in sets}
            for atoms, rows in calculator.rows_of_snapshot(snapshot):
                for label, active in sets.items():
                    gammas[label][atoms] = active.gamma(rows)
            for label, gamma in gammas.items():
                spectra[label].append(gamma_spectrum(gamma, snapshot.centres, gamma_select, snapshot.info))
    return spectra


def coverage_rows(spectra: Mapping[str, Sequence[GammaSpectrum]], key: str = "scenario") -> list[dict[str, object]]:
    """Plain JSON, one entry for each dataset and scenario: centres, gamma_max, share above gamma_select."""
    out: list[dict[str, object]] = []
    for label, members in spectra.items():
        for scenario, group in by_info(members, key).items():
            centres = sum(s.n_centres for s in group)
            above = sum(s.n_above_select for s in group)
            out.append(
                {
                    "dataset": label,
                    key: scenario,
                    "snapshots": len(group),
                    "centres": centres,
                    "gamma_max": max(s.gamma_max for s in group),
                    "gamma_p99": max(s.gamma_p99 for s in group),
                    "n_above_select": above,
                    "share_above_select": above / centres if centres else 0.0,
                }
            )
    return out


def coverage_figure(
    spectra: Mapping[str, Sequence[GammaSpectrum]],
    title: str = "",
    key: str = "scenario",
    image: Literal["svg", "png"] = "svg",
) -> bytes:
    """
    Draw the distribution of gamma, one panel for each scenario, one line for each dataset.

    Parameters
    ----------
    spectra
        As `coverage` returns them.
    title
        Say the dataset and the descriptors.
    key
        The info key that names panels.
    image
        File format.

    Returns
    -------
    bytes
        The same for the same input.

    Raises
    ------
    InputError
        If there is no centre to draw.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    groups = {label: by_info(members, key) for label, members in spectra.items()}
    panels = sorted({scenario for group in groups.values() for scenario in group})
    if not any(s.n_centres for members in spectra.values() for s in members):
        raise InputError("coverage: no snapshot with an atom that may be a centre")
    select = next(s.gamma_select for members in spectra.values() for s in members)
    met = np.flatnonzero(sum_counts(s.centres for members in spectra.values() for s in members))
    low, high = GAMMA_EDGES[met[0]], max(GAMMA_EDGES[met[-1] + 1], 10 * select)
    figure = Figure(figsize=(7.0, 1.2 + 1.25 * len(panels)), layout="constrained")
    axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    for axis, scenario in zip(axes, panels, strict=True):
        for (label, group), colour in zip(groups.items(), COLOURS, strict=False):
            counts = sum_counts(s.centres for s in group.get(scenario, []))
            share = counts / max(1, counts.sum())
            above = sum(s.n_above_select for s in group.get(scenario, [])) / max(1, counts.sum())
            axis.stairs(share, GAMMA_EDGES, color=colour, fill=False, label=f"{label}: {100 * above:.2g} %")
        axis.axvspan(select, high, color="0.93", zorder=0)
        axis.set_xscale("log")
        axis.set_yscale("log")
        axis.set_ylim(1e-5, 1)
        axis.set_xlim(low / 1.2, high)
        axis.set_ylabel("share")
        axis.set_title(scenario, fontsize=9, loc="left")
        axis.legend(fontsize=7, frameon=False, loc="upper right", title=f"above {select:g}", title_fontsize=7)
    axes[-1].set_xlabel("gamma (coverage, no error bar)")
    if title:
        figure.suptitle(title, fontsize=10)
    buffer = io.BytesIO()
    metadata = {"Date": None} if image == "svg" else {"Software": None}
    with mpl.rc_context({"svg.hashsalt": "defectgenome", "svg.fonttype": "none"}):
        figure.savefig(buffer, format=image, dpi=120, metadata=metadata)
    return buffer.getvalue()
