"""`defectgenome evaluate`: errors of a potential on labelled structures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def evaluate(
    potential: Annotated[Path, typer.Argument(help="Directory that `train` wrote.")],
    data: Annotated[Path, typer.Argument(help="Extended XYZ with energies and forces, gzipped or not.")],
    by: Annotated[str | None, typer.Option(help="Info key to list the errors by, such as family.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout.")] = False,
) -> None:
    """Evaluate the files of a potential on labelled structures: RMSE and MAE of energies and forces."""
    import json

    from ...tasks.frames import read_frames
    from ...tasks.training.evaluate import evaluate as evaluate_frames
    from ...tasks.training.origin import origin_of
    from ...tasks.training.potential_directory import read_trained_potential
    from ..progress import log
    from .train import summary_line

    trained = read_trained_potential(potential)
    frames = read_frames(data)
    origin = origin_of(frames)
    if trained.card.spec and origin.spec and trained.card.spec != origin.spec:
        log(
            "warning",
            text="labels of another spec than the potential's: energies have another zero",
            potential=trained.card.spec[:12],
            data=origin.spec[:12],
        )
    result = evaluate_frames(trained.potential(), frames, by).summary()
    if as_json:
        typer.echo(json.dumps(result, indent=2))
        return
    typer.echo(summary_line("all", result))
    for name, errors in result.get("by", {}).items():
        typer.echo(summary_line(f"{by}={name}", errors))
