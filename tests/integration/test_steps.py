"""Every step alone, on files, one after the other: from a simulation to a graded potential."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import TINY, defectgenome

pytestmark = [pytest.mark.integration, pytest.mark.slow]


@pytest.fixture(scope="module")
def steps(tmp_path_factory) -> Path:
    """Directory in which all steps have been done by the commands of the README."""
    root = tmp_path_factory.mktemp("steps")
    (root / "spec.yaml").write_text("engine: potential\npotential: finnis-sinclair\n")
    (root / "scenario.yaml").write_text(
        "kind: polycrystal\nbox: 22\ngrains: 2\ntemperatures: [300]\nduration: 0.1\nsnapshots: 1\n"
    )
    commands = [
        ["sample", "scenario.yaml", "--element", "W", "--potential", "zhou2004", "-o", "sampled"],
        [
            "select",
            *[],
            "--descriptors",
            "pod-34",
            "--max-environments",
            "12",
            "--context-radius",
            "12",
            "-o",
            "e.extxyz",
        ],
        ["reconstruct", "e.extxyz", "--potential", "zhou2004", "--effort", "quick", "-o", "c.extxyz"],
        ["verify", "c.extxyz", "e.extxyz", "--json"],
        ["label", "c.extxyz", "--reference", "spec.yaml", "-o", "l.extxyz"],
        ["train", "l.extxyz", "--potential", "pod", "--size", "34", "-o", "pod"],
        ["evaluate", "pod", "l.extxyz", "--json"],
        ["grade", "pod", "c.extxyz", "--json"],
    ]
    for command in commands:
        if command[0] == "select":
            command[1:1] = [str(p) for p in sorted((root / "sampled" / "snapshots").glob("*.extxyz"))]
        done = defectgenome(*command, cwd=root)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        (root / f"{command[0]}.out").write_text(done.stdout)
    return root


def test_cells_are_verified_by_the_independent_command(steps: Path):
    results = json.loads((steps / "verify.out").read_text())
    cells = results["cells"] if isinstance(results, dict) else results
    assert len(cells) >= 10
    assert all(c["verdict"] == "ok" for c in cells)


def test_errors_and_grades_have_the_keys_that_other_tools_read(steps: Path):
    errors = json.loads((steps / "evaluate.out").read_text())
    assert {"energy_rmse_mev_per_atom", "force_rmse_mev_per_angstrom", "n_structures", "n_atoms"} <= errors.keys()
    assert errors["energy_rmse_mev_per_atom"] < 30
    grades = json.loads((steps / "grade.out").read_text())
    assert {"gamma_max", "gamma_p99", "n_above_select", "descriptors"} <= grades.keys()


def test_labels_carry_their_origin(steps: Path):
    from defectgenome.tasks.frames import read_frames

    frames = read_frames(steps / "l.extxyz")
    assert {f.info["engine"] for f in frames} == {"potential:finnis-sinclair"}
    assert not any(f.info["dft"] for f in frames)


def test_the_users_own_labelled_set_starts_a_campaign(steps: Path):
    text = TINY.replace("campaign: tiny", "campaign: own")
    text = text.replace("basic_set: {", "basic_set: {dataset: l.extxyz, spec: same, equation_of_state: false, ")
    (steps / "own.yaml").write_text(text.replace("max_iterations: 4", "max_iterations: 0"))
    done = defectgenome("run", "own.yaml", cwd=steps)
    assert done.returncode == 0, done.stderr
    now = json.loads(defectgenome("status", "own", "--json", cwd=steps).stdout)
    assert now["state"] == "stopped"
    relabel = text.replace("spec: same", "spec: relabel").replace("campaign: own", "campaign: anew")
    (steps / "anew.yaml").write_text(relabel.replace("max_iterations: 4", "max_iterations: 0"))
    done = defectgenome("run", "anew.yaml", cwd=steps)
    assert done.returncode == 0, done.stderr
    anew = json.loads(defectgenome("status", "anew", "--json", cwd=steps).stdout)
    assert anew["iterations"][0]["labels"] > now["iterations"][0]["labels"]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (["sample", "polycristal", "--element", "W", "-o", "x"], "polycrystal"),
        (["sample", "polycrystal", "--element", "Xx", "-o", "x"], "Xx"),
        (["sample", "polycrystal", "--element", "W", "--potential", "none.eam.alloy", "-o", "x"], "none.eam.alloy"),
        (["select", "none.extxyz", "-o", "x.extxyz"], "none.extxyz"),
        (["select", "c.extxyz", "--descriptors", "pod-1", "-o", "x.extxyz"], "pod-1"),
        (["reconstruct", "none.extxyz", "--potential", "zhou2004", "-o", "x.extxyz"], "none.extxyz"),
        (["reconstruct", "e.extxyz", "--potential", "zhou", "-o", "x.extxyz"], "zhou"),
        (["verify", "none.extxyz", "e.extxyz"], "none.extxyz"),
        (["label", "c.extxyz", "--reference", "none.yaml", "-o", "x.extxyz"], "none.yaml"),
        (["train", "none.extxyz", "--potential", "pod", "-o", "x"], "none.extxyz"),
        (["train", "c.extxyz", "--potential", "pod", "-o", "x"], "energy"),
        (["evaluate", "none", "l.extxyz"], "none"),
        (["evaluate", "pod", "c.extxyz"], "energy"),
        (["grade", "none", "l.extxyz"], "none"),
        (["import", "none", "-o", "x.extxyz"], "none"),
        (["status", "none"], "none"),
        (["report", "none"], "none"),
        (["export", "none", "-o", "x.extxyz"], "none"),
        (["ledger", "none"], "none"),
        (["run", "none.yaml"], "none.yaml"),
        (["plan", "none.yaml"], "none.yaml"),
        (["check", "none.yaml"], "none.yaml"),
        (["init", "--element", "Xx"], "Xx"),
        (["init", "own.yaml", "--element", "W"], "own.yaml"),
    ],
)
def test_a_wrong_input_is_one_clear_line(steps: Path, command, expected):
    (steps / "own.yaml").touch()
    done = defectgenome(*command, cwd=steps)
    assert done.returncode == 2, (done.stdout, done.stderr)
    assert expected in done.stderr
    assert "Traceback" not in done.stderr
    assert len([line for line in done.stderr.splitlines() if "error" in line.lower()]) == 1
