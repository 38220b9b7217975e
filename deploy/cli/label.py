"""`defectgenome label`: labels of cells by the reference of a spec."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def label(
    cells: Annotated[Path, typer.Argument(help="Extended XYZ with the structures to label.")],
    reference: Annotated[Path, typer.Option("--reference", help="YAML: the `reference` section of a campaign.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Extended XYZ to write the labelled cells to.")],
) -> None:
    """Label structures; those that the gate refuses go to LABELS.refused.json with their reasons."""
    import json

    from ...schemas.artifact import Refusal
    from ...schemas.errors import SimulationError
    from ...schemas.reference import ReferenceSpec
    from ...tasks.frames import attach_label, read_frames, write_frames
    from ...tasks.pair_calculator import pair_calculator
    from ...tasks.potentials import load_potential
    from ...tasks.reference.engine import require_potential
    from ...tasks.reference.potential import label_with_calculator
    from ..progress import log, track
    from ..yaml_input import load_yaml_model

    spec = require_potential(load_yaml_model(reference, ReferenceSpec))
    frames = read_frames(cells)
    elements = sorted({s for frame in frames for s in frame.get_chemical_symbols()})
    potential = load_potential(spec.potential, elements, base=reference.parent)
    accepted, refused = [], []
    with pair_calculator(potential) as calculator:
        for i, frame in enumerate(track(frames, "labelling")):
            answer = label_with_calculator(frame, spec, potential, calculator)
            if isinstance(answer, Refusal):
                origin = {k: str(frame.info[k]) for k in ("environment", "config_id") if k in frame.info}
                refused.append({"frame": i, **origin, "code": answer.code, "reasons": list(answer.reasons)})
            else:
                accepted.append(attach_label(frame, answer))
    ledger = refused_path(output)
    ledger.parent.mkdir(parents=True, exist_ok=True)
    ledger.write_text(json.dumps(refused, indent=2) + "\n", encoding="utf-8")
    if not accepted:
        raise SimulationError(f"all {len(frames)} structures were refused: see {ledger}")
    write_frames(output, accepted)
    log("labelled", accepted=len(accepted), refused=len(refused), engine=f"potential:{potential.name}", dft=False)
    typer.echo(f"{output}: {len(accepted)} labels by potential:{potential.name} (not DFT), {len(refused)} refused")


def refused_path(output: Path) -> Path:
    """Where the refused structures are listed: LABELS.refused.json beside LABELS.extxyz."""
    name = output.name
    for ending in (".gz", ".extxyz", ".xyz"):
        name = name.removesuffix(ending)
    return output.with_name(f"{name}.refused.json")
