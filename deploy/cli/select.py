"""`defectgenome select`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ...schemas.environment import Environment
    from ...schemas.snapshot import Snapshot
    from ...tasks.selection.active_set import ActiveSet
    from ...tasks.selection.candidates import Candidates


def select(
    snapshots: Annotated[list[Path], typer.Argument(metavar="SNAPSHOT...", help="Extended XYZ or LAMMPS dumps.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="ENVS.extxyz", help="Environments found.")],
    against: Annotated[
        Path | None, typer.Option(metavar="DATA.extxyz", help="Dataset that need not be found again.")
    ] = None,
    descriptors: Annotated[str, typer.Option(help="pod-34, 73, 117, 255, 343 or 530.")] = "pod-117",
    gamma_select: Annotated[float, typer.Option(min=1.0, help="Select above this extrapolation grade.")] = 2.0,
    max_environments: Annotated[int, typer.Option(min=1, help="Those with most information.")] = 60,
    context_radius: Annotated[float, typer.Option(min=6.0, max=30.0, help="Cut around each atom, A.")] = 14.0,
    element: Annotated[
        list[str] | None, typer.Option(help="Chemical symbol, repeated for alloys; needed for dumps of atom types.")
    ] = None,
) -> None:
    """Find the atoms of simulations whose surroundings a dataset does not cover (D-optimal selection)."""
    from ...tasks.frames import environment_to_atoms, write_frames
    from ...tasks.sampling.trajectory import read_trajectory
    from ...tasks.selection.pod_basis import pod_basis
    from ...tasks.selection.preselect import merge, preselect
    from ..progress import track

    pod_basis(descriptors)
    elements = _elements(element, against, snapshots)
    active = _active_set(snapshots, against, descriptors, elements)
    frames = track(read_trajectory(snapshots, elements), "grading snapshots")
    parts = [preselect([snapshot], active, gamma_select, context_radius) for snapshot in frames]
    chosen = merge(parts, active, gamma_select, max_environments)
    if chosen:
        write_frames(output, [environment_to_atoms(e) for e in chosen])
    _print_funnel(parts, chosen, gamma_select)
    if against is None:
        print("without --against nothing counts as known: gamma is relative to an empty set")
    print(f"{len(chosen)} environments in {output}" if chosen else "nothing to select: no file written")


def _elements(given: list[str] | None, against: Path | None, snapshots: list[Path]) -> tuple[str, ...]:
    from ...schemas.errors import InputError
    from ...tasks.potentials import element_masses
    from ...tasks.selection.files import elements_of

    elements = tuple(given) if given else elements_of([against] if against else snapshots)
    element_masses(elements)
    if len(set(elements)) != len(elements):
        raise InputError(f"--element {' '.join(elements)}: names an element twice")
    return elements


def _active_set(snapshots: list[Path], against: Path | None, descriptors: str, elements: tuple[str, ...]) -> ActiveSet:
    from ...tasks.frames import read_frames
    from ...tasks.sampling.trajectory import read_trajectory
    from ...tasks.selection.active_set import build_active_set, empty_active_set
    from ...tasks.selection.descriptors import descriptor_calculator
    from ..progress import log

    if against is not None:
        frames = read_frames(against)
        active = build_active_set(frames, descriptors, elements)
        log("active_set", structures=len(frames), rows=len(active.A), directions_never_reached=active.n_artificial)
        return active
    first: Snapshot = next(read_trajectory(snapshots, elements))
    with descriptor_calculator(descriptors, elements) as calculator:
        _, rows = next(calculator.rows_of_snapshot(first))
    return empty_active_set(rows, descriptors, elements)


def _print_funnel(parts: list[Candidates], chosen: list[Environment], gamma_select: float) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("scenario", title="From atoms to environments")
    for name in ("frames", "atoms", "centres", f"> {gamma_select:g}", "candidates", "selected", "gamma max"):
        table.add_column(name, justify="right", no_wrap=True)
    groups: dict[str, list[Candidates]] = {}
    for part in parts:
        groups.setdefault(str(part.spectra[0].info.get("scenario", "")), []).append(part)
    for scenario, group in sorted(groups.items()):
        reports = [part.report for part in group]
        counts = [sum(r[k] for r in reports) for k in ("snapshots", "atoms", "centres", "n_above_select", "candidates")]
        selected = sum(str(e.info.get("scenario", "")) == scenario for e in chosen)
        gamma_max = max(r["gamma_max"] for r in reports)
        table.add_row(scenario, *(f"{n:,}" for n in (*counts, selected)), f"{gamma_max:.3g}")
    Console(width=None if sys.stdout.isatty() else 120).print(table)
