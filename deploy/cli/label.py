"""`defectgenome label`: labels of cells by the reference of a spec."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer


def label(
    cells: Annotated[Path, typer.Argument(help="Extended XYZ with the structures to label.")],
    reference: Annotated[Path, typer.Option("--reference", help="YAML: the `reference` section of a campaign.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Extended XYZ to write the labelled cells to.")],
    workdir: Annotated[
        Path | None, typer.Option(help="Directories of the calculations; LABELS.calculations by default.")
    ] = None,
) -> None:
    """Label structures; those that are refused or crash go to LABELS.refused.json with their reasons."""
    from ...schemas.artifact import Refusal
    from ...schemas.errors import EngineCrash, InputError, MissingToolError, OutOfTime, SimulationError
    from ...schemas.reference import ReferenceSpec
    from ...tasks.frames import attach_label, read_frames, write_frames
    from ...tasks.reference.engine import engine_name, is_dft, missing_tools, open_questions
    from ..progress import log, track
    from ..settings import read_settings
    from ..yaml_input import load_yaml_model

    spec = load_yaml_model(reference, ReferenceSpec)
    frames = read_frames(cells)
    elements = sorted({s for frame in frames for s in frame.get_chemical_symbols()})
    if problems := open_questions(spec, elements, base=reference.parent):
        raise InputError("\n".join(f"{reference}: {line}" for line in problems))
    programs = read_settings().programs()
    program = programs.get(spec.engine)
    if missing := missing_tools(spec, elements, program.command if program else ()):
        raise MissingToolError("\n".join(missing))
    answer_for = _answers(spec, elements, reference.parent, program, workdir or stem(output, ".calculations"))
    accepted: list[Any] = []
    refused = []
    for i, frame in enumerate(track(frames, "labelling")):
        try:
            answer = answer_for(frame)
        except (EngineCrash, OutOfTime) as error:  # the others go on; the same command tries it again
            answer = Refusal("out_of_time" if isinstance(error, OutOfTime) else "crashed", (str(error),))
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
    name, dft = engine_name(spec), is_dft(spec)
    log("labelled", accepted=len(accepted), refused=len(refused), engine=name, dft=dft)
    print(f"{output}: {len(accepted)} labels by {name}{'' if dft else ' (not DFT)'}, {len(refused)} refused")


def _answers(spec: Any, elements: list[str], base: Path, program: Any, calculations: Path) -> Any:
    """Make the function that labels a frame: each calculation in a directory named by its key."""
    from ...schemas.keys import content_key
    from ...schemas.reference import PotentialSpec
    from ...tasks.frames import key_of, round_structure
    from ...tasks.potentials import load_potential
    from ...tasks.reference.engine import compute_patiently, reference_key
    from ...tasks.reference.place import Place, Program

    program = program or Program()
    potential = load_potential(spec.potential, elements, base=base) if isinstance(spec, PotentialSpec) else None
    physics = reference_key(spec, potential)

    def answer(frame: Any) -> Any:
        structure = round_structure(frame)
        key = content_key("label", 1, {"structure": key_of(structure), "spec": physics})
        directory = calculations / f"{spec.engine}-{key[:20]}"
        place = Place(directory, program.command, program.walltime_s, 0, program.environment)
        return compute_patiently(structure, spec, place, potential)

    return answer


def refused_path(output: Path) -> Path:
    """Where the refused structures are listed: LABELS.refused.json beside LABELS.extxyz."""
    return stem(output, ".refused.json")


def stem(output: Path, ending: str) -> Path:
    """Path beside an extended XYZ file, with another ending."""
    name = output.name
    for known in (".gz", ".extxyz", ".xyz"):
        name = name.removesuffix(known)
    return output.with_name(name + ending)
