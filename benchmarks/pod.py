"""
POD on published VASP cells: accuracy by split, cost of fitting, cost in MD, side by side.

``python benchmarks/pod.py DATA.extxyz.gz [--sizes 117,255,530] [--figure docs/figures/families.svg]``

Every number of accuracy is on structures that the fit has not seen. Three questions are asked:

- *cross-validated*: what if a structure of the same kind was in the training set?
- *left out*: what if a whole family was not?
- *without reconstructed*: what if none of the reconstructed cells was, which is what a potential without the defect
  genome knows? The other families are cross-validated as before.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from defectgenome.tasks.frames import read_frames
from defectgenome.tasks.training.evaluate import Errors, evaluate
from defectgenome.tasks.training.pod import fit_pod, pod_potential
from defectgenome.tasks.training.split import folds, leave_family_out

GENOME = "reconstructed"
PUBLISHED_ACE = "published ACE (same 924 cells, other test cells): 4.24 meV/atom, 160.7 meV/A; fit 17.9 h; MD 17 us"


def fit_and_test(data, size, elements, train, test):
    """One fit in a process of its own: (errors, CPU seconds of the fit, peak memory in MB)."""
    frames = read_frames(data)
    started = time.process_time()
    files = fit_pod([frames[i] for i in train], size, elements)
    seconds = time.process_time() - started
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    errors = evaluate(pod_potential(files, elements), [frames[i] for i in test], "family")
    return errors, seconds, memory


def md_cost(size, train, elements):
    """Microseconds of one core per atom and step, in a crystal of 2,000 atoms at 300 K."""
    from ase.build import bulk
    from defectgenome.tasks.lammps import create_atoms, create_box, lammps_session

    potential = pod_potential(fit_pod(train, size, elements), elements)
    atoms = bulk("W", a=3.187, cubic=True) * (10, 10, 10)
    steps = 20
    directory = Path(f"pod-benchmark-{size}")
    potential.write(directory)
    try:
        with lammps_session() as lmp:
            create_box(lmp, np.array(atoms.cell), 1)
            lmp.commands_list(potential.commands(directory))
            create_atoms(lmp, atoms.positions + 1e-6, [1] * len(atoms))
            lmp.commands_list(["velocity all create 600 1", "fix nve all nve", "timestep 0.001", "run 0 post no"])
            started = time.process_time()
            lmp.command(f"run {steps} post no")
            return 1e6 * (time.process_time() - started) / steps / len(atoms)
    finally:
        for name in potential.files:
            (directory / name).unlink()
        directory.rmdir()


def joined(parts):
    """Errors of several test sets as one."""
    return Errors(
        *(
            np.concatenate([getattr(p, name) for p in parts])
            for name in ("n_atoms", "energy_reference", "energy_predicted", "force_reference", "force_predicted")
        ),
        tuple(label for p in parts for label in p.labels),
    )


def measure(data, frames, size, n_folds, seed, thorough):
    """All splits of one size; if not thorough, only the reconstructed cells are left out."""
    place = {id(frame): i for i, frame in enumerate(frames)}
    elements = sorted({s for f in frames for s in f.get_chemical_symbols()})
    families = sorted({str(f.info["family"]) for f in frames})

    def indices(part):
        return [place[id(f)] for f in part]

    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), max_tasks_per_child=1) as pool:

        def run(name, train, test):
            started = time.monotonic()
            out = pool.submit(fit_and_test, data, size, elements, indices(train), indices(test)).result()
            print(f"POD {size} {name}: {len(train)} / {len(test)}, {time.monotonic() - started:.0f} s", file=sys.stderr)
            return out

        fitted = [run(f"fold {k}", *pair) for k, pair in enumerate(folds(frames, n_folds, seed))]
        left_out = families if thorough else [GENOME]
        left = {name: run(f"without {name}", *leave_family_out(frames, name)) for name in left_out}
        others = [f for f in frames if f.info["family"] != GENOME]
        parts = folds(others, n_folds, seed) if thorough else []
        bare = [run(f"without {GENOME}, fold {k}", *part) for k, part in enumerate(parts)]
    crossed = joined([errors for errors, _, _ in fitted]).summary()
    without = joined([errors for errors, _, _ in bare]).summary()["by"] if bare else {}
    without[GENOME] = left[GENOME][0].summary()
    return {
        "size": size,
        "folds": n_folds,
        "cross_validated": crossed,
        "fold_energy": [e.summary()["energy_rmse_mev_per_atom"] for e, _, _ in fitted],
        "fold_force": [e.summary()["force_rmse_mev_per_angstrom"] for e, _, _ in fitted],
        "left_out": {name: errors.summary() for name, (errors, _, _) in left.items()},
        "without_genome": without,
        "fit_cpu_seconds": max(seconds for _, seconds, _ in fitted),
        "fit_memory_mb": max(memory for _, _, memory in fitted),
        "md_us_per_atom_step": md_cost(size, frames[::20], elements),
    }


def pair(errors):
    if errors is None:
        return "-"
    return f"{errors['energy_rmse_mev_per_atom']:7.2f} / {errors['force_rmse_mev_per_angstrom']:6.1f}"


def table(results):
    """One table, all sizes side by side (meV/atom / meV/A, RMSE)."""
    families = sorted(results[0]["cross_validated"]["by"])
    rows = [["RMSE, meV/atom / meV/A", *(f"POD {r['size']}" for r in results)]]
    rows.append([f"cross-validated ({results[0]['folds']} folds)", *(pair(r["cross_validated"]) for r in results)])
    rows.append(["  worst fold", *(f"{max(r['fold_energy']):7.2f} / {max(r['fold_force']):6.1f}" for r in results)])
    for name in families:
        rows.append([f"{name}: cross-validated", *(pair(r["cross_validated"]["by"][name]) for r in results)])
        rows.append([f"{name}: left out", *(pair(r["left_out"].get(name)) for r in results)])
    rows.append(["fit, CPU s", *(f"{r['fit_cpu_seconds']:.0f}" for r in results)])
    rows.append(["fit, peak memory, MB", *(f"{r['fit_memory_mb']:.0f}" for r in results)])
    rows.append(["MD, us/atom/step", *(f"{r['md_us_per_atom_step']:.0f}" for r in results)])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))])
        for row in rows
    )


def draw(result, path):
    """Errors of each family: known, left out, and known without the reconstructed cells."""
    import matplotlib as mpl

    mpl.use("Agg")
    mpl.rcParams["svg.hashsalt"] = "families"
    import matplotlib.pyplot as plt

    names = sorted(result["left_out"], key=lambda n: result["left_out"][n]["force_rmse_mev_per_angstrom"])
    series = [
        ("known: cross-validated, all cells in the fit", result["cross_validated"]["by"], "#4c78a8"),
        ("cross-validated, but no reconstructed cell in the fit", result["without_genome"], "#f2a541"),
        ("unknown: this family left out of the fit", result["left_out"], "#c0392b"),
    ]
    figure, axes = plt.subplots(1, 2, figsize=(10.5, 5.2), sharey=True, layout="constrained")
    measures = (
        ("energy_rmse_mev_per_atom", "energy RMSE (meV/atom)"),
        ("force_rmse_mev_per_angstrom", "force RMSE (meV/Å per component)"),
    )
    for axis, (key, title) in zip(axes, measures, strict=True):
        for k, (label, errors, colour) in enumerate(series):
            values = [errors[name][key] for name in names]
            places = np.arange(len(names)) + 0.27 * (1 - k)
            axis.barh(places, values, 0.25, label=label, color=colour)
            for y, v in zip(places, values, strict=True):
                axis.text(
                    v + 0.01 * axis.get_xlim()[1], y, f"{v:.1f}" if v < 100 else f"{v:.0f}", va="center", fontsize=7
                )
        axis.set_xlabel(title)
        axis.margins(x=0.1)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].set_yticks(np.arange(len(names)), [n.replace("_", " ") for n in names])
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False, fontsize=8)
    figure.suptitle(
        f"POD {result['size']} on published VASP cells of tungsten: errors on cells that the fit has not seen"
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("data", type=Path, help="extended XYZ with info key `family`")
    parser.add_argument("--sizes", default="117,255,530")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--results", type=Path, help="JSON to write, or with --draw to read")
    parser.add_argument("--draw", action="store_true", help="only print and draw what --results holds")
    parser.add_argument("--figure", type=Path)
    parser.add_argument("--figure-size", default="255", help="size that the figure shows; the one measured in full")
    options = parser.parse_args()
    if options.draw:
        results = json.loads(options.results.read_text())
    else:
        frames = read_frames(options.data)
        results = [
            measure(options.data, frames, size, options.folds, options.seed, size == options.figure_size)
            for size in options.sizes.split(",")
        ]
        if options.results:
            options.results.write_text(json.dumps(results, indent=1) + "\n")
    print(table(results))
    print(PUBLISHED_ACE)
    if options.figure:
        chosen = [r for r in results if r["size"] == options.figure_size] or results
        draw(chosen[0], options.figure)


if __name__ == "__main__":
    main()
