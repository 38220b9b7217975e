"""`defectgenome train`: a potential from a labelled dataset."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

SIZES = ("34", "73", "117", "255", "343", "530", "large")


class PotentialKind(StrEnum):
    """Potentials that can be asked for."""

    pod = "pod"
    ace = "ace"
    mtp = "mtp"


def train(
    data: Annotated[Path, typer.Argument(help="Extended XYZ with energies and forces, gzipped or not.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Directory to write the potential to.")],
    potential: Annotated[PotentialKind, typer.Option(help="Kind of potential; this version trains pod.")] = (
        PotentialKind.pod
    ),
    size: Annotated[str, typer.Option(help=f"Size of the basis: {', '.join(SIZES)} (530).")] = "255",
    test_fraction: Annotated[float, typer.Option(help="Share of the source environments to hold out.")] = 0.1,
    ensemble: Annotated[int, typer.Option(min=0, help="Independent fits for a force uncertainty; 0: none.")] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Of the split and of the ensemble.")] = 42,
    descriptors: Annotated[
        str | None, typer.Option(help="Of the active set; by default the potential's own, pod-117 at most.")
    ] = None,
) -> None:
    """Fit a potential, with its errors on held-out structures, its active set, and its input for LAMMPS."""
    from ...schemas.errors import InputError
    from ...tasks.frames import read_frames
    from ...tasks.training.train import TrainOptions, train_pod
    from ..progress import log

    if potential is not PotentialKind.pod:
        raise InputError(f"--potential {potential.value}: this version trains pod")
    if size not in SIZES:
        raise InputError(f"--size {size}: one of {', '.join(SIZES)}")
    if output.exists() and not output.is_dir():
        raise InputError(f"-o {output}: is a file; name a directory")
    frames = read_frames(data)
    log("data", file=data, structures=len(frames), atoms=sum(map(len, frames)))
    options = TrainOptions(size, test_fraction, ensemble, descriptors)
    trained = train_pod(frames, options, seed, lambda what: log("train", step=what))
    trained.write(output)
    for side in ("train", "test"):
        errors = trained.card.errors[side]
        if errors:
            typer.echo(summary_line(side, errors))
    if trained.card.dft is False:
        typer.echo(f"The labels are not DFT: {trained.card.engine}.")
    typer.echo(f"Potential: {output} (potential.json, in.lammps)")


def summary_line(name: str, errors: dict[str, float]) -> str:
    """One line of a table of errors."""
    if "energy_rmse_mev_per_atom" not in errors:
        return f"{name:24s} no structure"
    return (
        f"{name:24s} {errors['energy_rmse_mev_per_atom']:9.2f} meV/atom {errors['force_rmse_mev_per_angstrom']:9.1f} "
        f"meV/A per component (RMSE; {errors['n_structures']} structures, {errors['n_atoms']} atoms)"
    )
