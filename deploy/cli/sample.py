"""`defectgenome sample`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ...schemas.campaign import Material
    from ...schemas.pair_potential import PairPotential
    from ...schemas.scenario import ScenarioBase
    from ...tasks.sampling.registry import SampleResult


def sample(
    what: Annotated[str, typer.Argument(metavar="KIND|SCENARIO.yaml", show_default=False)],
    element: Annotated[list[str], typer.Option("--element", "-e", help="chemical symbol; again for an alloy")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="where the snapshots go")],
    potential: Annotated[str, typer.Option(help="zhou2004, a setfl file, or a YAML with pair_style")] = "zhou2004",
    size: Annotated[str, typer.Option(help="quick, standard or production")] = "quick",
    structure: Annotated[
        str | None, typer.Option(help="bcc, fcc, hcp or diamond; the element's own by default")
    ] = None,
    lattice_constant: Annotated[float | None, typer.Option(help="a, A; by default that of the potential")] = None,
    seed: Annotated[int, typer.Option(min=0)] = 42,
    workers: Annotated[int, typer.Option(min=1, help="runs at a time")] = 1,
) -> None:
    """Run one sampling scenario: snapshots as extended XYZ, and a report with its rates in SI units."""
    from ...schemas.scenario import single_runs
    from ...tasks.potentials import load_potential

    scenario, base = _scenario(what, size)
    elements = [symbol for word in element for symbol in word.split(",")]
    own = base if scenario.potential is not None else None
    pair = load_potential(scenario.potential or potential, elements, base=own)
    material = _material(pair, structure, lattice_constant)
    runs = single_runs(scenario)
    results = _run_all(runs, material, pair, seed, workers, base)
    written = _write(output, results, material, pair, seed, size)
    _print_table(results, material, written, output)


def _scenario(what: str, size: str) -> tuple[ScenarioBase, Path]:
    """Return (resolved scenario, directory that its paths start from)."""
    from typing import get_args

    from pydantic import TypeAdapter, ValidationError

    from ...schemas.errors import InputError
    from ...schemas.scenario import SIZES, Scenario, Size, resolve
    from ..yaml_input import load_yaml_model

    if size not in get_args(Size):
        raise InputError(f"--size {size}: must be one of {', '.join(get_args(Size))}")
    if what.endswith((".yaml", ".yml")):
        path = Path(what)
        return resolve(load_yaml_model(path, Scenario), size), path.absolute().parent  # type: ignore[arg-type]
    if what not in SIZES:
        raise InputError(f"scenario {what!r}: neither a .yaml file nor a kind ({', '.join(SIZES)})")
    try:
        scenario = TypeAdapter(Scenario).validate_python({"kind": what})
    except ValidationError as error:
        missing = ", ".join(str(e["loc"][-1]) for e in error.errors())
        raise InputError(f"scenario {what}: needs {missing}; write them in a SCENARIO.yaml with kind: {what}") from None
    return resolve(scenario, size), Path.cwd()  # type: ignore[arg-type]


def _material(potential: PairPotential, structure: str | None, lattice_constant: float | None) -> Material:
    from typing import get_args

    from ase.data import atomic_numbers, reference_states

    from ...schemas.campaign import Material, Structure
    from ...schemas.errors import InputError
    from ...tasks.sampling.equilibrium import lattice_constant as equilibrium

    known = get_args(Structure)
    if structure is None:
        first = potential.elements[0]
        state: dict[str, Any] = reference_states[atomic_numbers[first]] or {}
        structure = str(state.get("symmetry"))
        if structure not in known:
            raise InputError(f"--structure: {first} is {structure}, give one of {', '.join(known)}")
    elif structure not in known:
        raise InputError(f"--structure {structure}: must be one of {', '.join(known)}")
    a = equilibrium(potential, structure)[0] if lattice_constant is None else lattice_constant  # type: ignore[arg-type]
    if not 1.5 < a <= 15:
        raise InputError(f"--lattice-constant {a:g}: must be above 1.5 and at most 15 A")
    return Material(elements=potential.elements, structure=structure, lattice_constant=a)


def _run_all(
    runs: list[ScenarioBase], material: Material, potential: PairPotential, seed: int, workers: int, base: Path
) -> list[SampleResult]:
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    from ..progress import track

    jobs = [(run, material, potential, seed, base) for run in runs]
    if workers == 1 or len(jobs) == 1:
        return [_run_one(job) for job in track(jobs, "sampling")]
    with ProcessPoolExecutor(min(workers, len(jobs)), mp_context=multiprocessing.get_context("spawn")) as pool:
        return list(track(pool.map(_run_one, jobs), "sampling", total=len(jobs)))


def _run_one(job: tuple[ScenarioBase, Material, PairPotential, int, Path]) -> SampleResult:
    import tempfile

    from ...schemas.scenario import Trajectory
    from ...tasks.sampling.registry import sample as sample_one
    from ...tasks.sampling.trajectory import find_files

    scenario, material, potential, seed, base = job
    files = find_files(scenario.files, base) if isinstance(scenario, Trajectory) else None
    with tempfile.TemporaryDirectory(prefix="sample-") as scratch:
        return sample_one(scenario, material, potential, seed, Path(scratch), files=files)


def _write(
    output: Path, results: list[SampleResult], material: Material, potential: PairPotential, seed: int, size: str
) -> int:
    import json

    from ...tasks.frames import write_frames
    from ...tasks.sampling.snapshots import snapshot_to_atoms

    written = 0
    for result in results:
        for i, snapshot in enumerate(result.snapshots):
            name = f"{result.report['scenario']}-{i:03d}.extxyz"
            write_frames(output / "snapshots" / name, [snapshot_to_atoms(snapshot)])
            written += 1
    output.mkdir(parents=True, exist_ok=True)
    report = {
        "potential": potential.name,
        "material": material.model_dump(mode="json"),
        "seed": seed,
        "size": size,
        "runs": [r.report for r in results],
    }
    (output / "report.json").write_text(json.dumps(report, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return written


def _print_table(results: list[SampleResult], material: Material, written: int, output: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(stderr=True)
    table = Table(
        title=f"{''.join(material.elements)} {material.structure}, a = {material.lattice_constant:.5f} A", box=None
    )
    for column in ("scenario", "atoms", "steps", "ps", "K", "strain 1/s", "speed m/s", "frames"):
        table.add_column(column, justify="left" if column == "scenario" else "right", no_wrap=True)
    for r in (result.report for result in results):
        temperature = "-" if r["temperature_K"] is None else f"{r['temperature_K']:.0f}"
        rates = [f"{r['rates'][k]:.3g}" if k in r["rates"] else "-" for k in ("strain_rate_per_s", "speed_m_per_s")]
        row = [r["scenario"], str(r["atoms"]), str(r["steps"]), f"{r['ps']:g}", temperature, *rates]
        table.add_row(*row, str(r["snapshots"]))
    console.print(table)
    console.print(f"{written} snapshots in {output / 'snapshots'}", highlight=False, soft_wrap=True)
