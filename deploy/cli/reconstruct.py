"""`defectgenome reconstruct`."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ...schemas.errors import InputError

if TYPE_CHECKING:
    from ...schemas.artifact import Refusal
    from ...schemas.campaign import Material, Reconstruction
    from ...schemas.cell import Cell
    from ...schemas.environment import Environment
    from ...schemas.pair_potential import PairPotential


def reconstruct(
    environments: Annotated[Path, typer.Argument(metavar="ENVS.extxyz", help="As `select` writes them.")],
    potential: Annotated[
        str, typer.Option(help="The sampling potential: zhou2004, a setfl file, or a YAML.", show_default=False)
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="CELLS.extxyz to write.", show_default=False)],
    method: Annotated[Literal["stitch"], typer.Option(help="How cells are built.")] = "stitch",
    core_radius: Annotated[float, typer.Option(min=2, max=20, help="Atoms within are held, A.")] = 6.0,
    exact_radius: Annotated[
        float, typer.Option(min=2, max=20, help="No atom missing and none extra within, images included, A.")
    ] = 5.0,
    max_atoms: Annotated[int, typer.Option(min=16, max=2000, help="Cap on the atoms of a cell.")] = 140,
    effort: Annotated[
        Literal["quick", "standard", "thorough"], typer.Option(help="Candidate cells tried, kept and refined.")
    ] = "standard",
    element: Annotated[
        list[str] | None, typer.Option(help="Once an element; default: those of the environments.")
    ] = None,
    structure: Annotated[
        Literal["bcc", "fcc", "hcp", "diamond"] | None,
        typer.Option(help="Of the host; default: that of the most frequent element."),
    ] = None,
    lattice_constant: Annotated[
        float | None, typer.Option(min=1.5, max=15, help="a, A; default: relaxed with the potential.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the random candidate cells.")] = 1,
    workers: Annotated[int, typer.Option(min=1, max=1024, help="Processes; the result does not depend on it.")] = 1,
) -> None:
    """Rebuild each environment as a small periodic cell whose centre keeps its neighbours exactly."""
    from pydantic import ValidationError

    from ...schemas.artifact import Refusal
    from ...schemas.campaign import Reconstruction
    from ...tasks.potentials import load_potential
    from ...tasks.reconstruction.cell_frames import cell_to_atoms
    from ..progress import track

    if output.is_dir():
        raise InputError(f"-o {output}: is a directory, give a file")
    found = _read_environments(environments)
    elements = element or _elements(found)
    pair = load_potential(potential, elements)
    try:
        options = Reconstruction(
            method=method, core_radius=core_radius, exact_radius=exact_radius, max_atoms=max_atoms, effort=effort
        )
    except ValidationError as error:
        raise InputError(str(error.errors()[0]["msg"]).removeprefix("Value error, ")) from error
    material = _material(pair, elements, structure, lattice_constant)
    arguments = [(e, pair, options, material, seed) for e in found]
    answers = list(track(_answers(arguments, workers), "reconstruct", total=len(found)))
    refused = [
        {"environment": _name(e), "code": a.code, "reasons": list(a.reasons), "data": dict(a.data)}
        for e, a in zip(found, answers, strict=True)
        if isinstance(a, Refusal)
    ]
    frames = [cell_to_atoms(a) for a in answers if not isinstance(a, Refusal)]
    _write(output, frames, refused)
    print(f"{len(frames)} of {len(found)} environments rebuilt, {len(refused)} refused: {output}", file=sys.stderr)
    if not frames:
        raise typer.Exit(1)


Job = tuple["Environment", "PairPotential", "Reconstruction", "Material", int]


def _answers(jobs: list[Job], workers: int) -> Iterator[Cell | Refusal]:
    if workers == 1:
        yield from map(_one, jobs)
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(min(workers, len(jobs)), mp_context=get_context("spawn")) as pool:
        yield from pool.map(_one, jobs)


def _one(job: Job) -> Cell | Refusal:
    from ...tasks.reconstruction.reconstruct import reconstruct as build

    return build(*job)


def _read_environments(path: Path) -> list[Environment]:
    from ...tasks.frames import environment_from_atoms, read_frames

    found = [environment_from_atoms(frame) for frame in read_frames(path)]
    twice = [name for name, n in Counter(map(_name, found)).items() if n > 1]
    if twice:
        raise InputError(f'{path}: info["environment"] {twice[0]!r} names several frames, give each its own')
    return found


def _name(environment: Environment) -> str:
    return str(environment.info.get("environment", environment.id))


def _elements(environments: Iterable[Environment]) -> list[str]:
    """Elements, most frequent first: that one fills voids."""
    counts = Counter(s for e in environments for s in e.symbols)
    return sorted(counts, key=lambda s: (-counts[s], s))


def _material(
    potential: PairPotential,
    elements: list[str],
    structure: Literal["bcc", "fcc", "hcp", "diamond"] | None,
    a: float | None,
) -> Material:
    from ase.data import atomic_numbers, reference_states

    from ...schemas.campaign import Material
    from ...tasks.sampling.equilibrium import lattice_constant

    if structure is None:
        state: dict[str, Any] = reference_states[atomic_numbers[elements[0]]] or {}
        if state.get("symmetry") not in {"bcc", "fcc", "hcp", "diamond"}:
            raise InputError(f"--structure: {elements[0]} has no default, give bcc, fcc, hcp or diamond")
        structure = state["symmetry"]
    if a is None:
        a = lattice_constant(potential, structure)[0]
    return Material(elements=tuple(elements), structure=structure, lattice_constant=a)


def _write(output: Path, frames: list[Any], refused: list[dict[str, Any]]) -> None:
    from ...tasks.frames import write_frames

    beside = output.with_name(output.name.removesuffix(".gz").removesuffix(".extxyz") + ".refused.json")
    output.parent.mkdir(parents=True, exist_ok=True)
    for r in refused:
        print(f"refused {r['environment']}: {r['code']}: {'; '.join(r['reasons'])}", file=sys.stderr)
    beside.write_text(json.dumps(refused, indent=1) + "\n", encoding="utf-8")
    if frames:
        write_frames(output, frames)
    else:
        output.unlink(missing_ok=True)
