"""`defectgenome verify`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...schemas.errors import InputError

if TYPE_CHECKING:
    from ...schemas.environment import Environment

# of the elements' neighbour distance; `reconstruct` holds to 0.803 of the sampling potential's, which may be a little
# smaller than the elements'
SHARE = 0.79


def verify(
    cells: Annotated[Path, typer.Argument(metavar="CELLS.extxyz", help="As `reconstruct` writes them.")],
    environments: Annotated[Path, typer.Argument(metavar="ENVS.extxyz", help="What they were made from.")],
    max_atoms: Annotated[int, typer.Option(min=1, help="Cap on the atoms of a cell.")] = 140,
    exact_radius: Annotated[float, typer.Option(min=0, help="No atom missing and none extra within, A.")] = 5.0,
    min_distance: Annotated[
        float | None,
        typer.Option(min=0, help="No two atoms closer, A; default: 0.79 of the elements' neighbour distance."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout.")] = False,
) -> None:
    """Check each cell against its environment; exit code 0 when all hold, else 1."""
    from ...tasks.frames import read_frames
    from ...tasks.reconstruction.cell_frames import cell_from_atoms
    from ...tasks.reconstruction.verify import verify as check

    known = _environments(environments)
    results = []
    for frame in read_frames(cells):
        cell = cell_from_atoms(frame)
        if cell.environment not in known:
            raise InputError(f'{cells}: info["environment"] {cell.environment!r} is not in {environments}')
        report = check(
            known[cell.environment],
            cell,
            max_atoms=max_atoms,
            exact_radius=exact_radius,
            minimum_distance=_shortest(cell.symbols) if min_distance is None else min_distance,
        )
        results.append({"environment": cell.environment, **report.to_dict()})
    if as_json:
        print(json.dumps(results, indent=1))
    else:
        _print_table(results)
    if any(r["verdict"] != "ok" for r in results):
        raise typer.Exit(1)


def _environments(path: Path) -> dict[str, Environment]:
    from ...tasks.frames import environment_from_atoms, read_frames

    found = [environment_from_atoms(frame) for frame in read_frames(path)]
    return {str(e.info.get("environment", e.id)): e for e in found}


def _shortest(symbols: tuple[str, ...]) -> float:
    """A share of the smallest nearest-neighbour distance among the elements' own crystals, A."""
    from ase.data import atomic_numbers, covalent_radii, reference_states

    factor = {"bcc": 0.75**0.5, "fcc": 0.5**0.5, "diamond": 0.1875**0.5, "hcp": 0.98}  # hcp: c/a below the ideal
    out = []
    for symbol in sorted(set(symbols)):
        number = atomic_numbers[symbol]
        state: dict[str, Any] = reference_states[number] or {}
        if state.get("symmetry") in factor and "a" in state:
            out.append(factor[state["symmetry"]] * float(state["a"]))
        else:
            out.append(2.0 * float(covalent_radii[number]))
    return SHARE * min(out)


def _print_table(results: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table()
    for name in ("environment", "verdict", "atoms", "core moved (A)", "missing", "extra", "dmin (A)", "gap (A)"):
        table.add_column(name, justify="left" if name in {"environment", "verdict"} else "right")
    for r in results:
        table.add_row(
            r["environment"],
            r["verdict"] if r["verdict"] == "ok" else ", ".join(r["codes"]),
            str(r["n_atoms"]),
            f"{r['core_displacement']:.1e}",
            str(r["missing"] + r["wrong_species"]),
            str(r["extra"]),
            f"{r['dmin']:.3f}",
            f"{r['image_gap']:.3f}",
        )
    Console().print(table)
