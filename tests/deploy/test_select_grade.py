"""The commands `select` and `grade` on files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from defectgenome.deploy.cli.grade import grade
from defectgenome.deploy.cli.select import select
from defectgenome.schemas.errors import InputError
from defectgenome.tasks.frames import environment_from_atoms, read_frames, write_frames
from defectgenome.tasks.selection.active_set import build_active_set


def crystal(seed: int, amplitude: float = 0.04, n: int = 3) -> Atoms:
    atoms = bulk("W", "bcc", a=3.165, cubic=True) * (n, n, n)
    atoms.rattle(amplitude, seed=seed)
    return atoms


@pytest.fixture
def files(tmp_path: Path) -> Path:
    write_frames(tmp_path / "data.extxyz", [crystal(s) for s in range(6)])
    vacancy = crystal(9, n=6)
    del vacancy[0]
    vacancy.info["scenario"] = "vacancies"
    write_frames(tmp_path / "vacancy.extxyz", [vacancy])
    return tmp_path


@pytest.fixture
def potential(files: Path) -> Path:
    active = build_active_set(read_frames(files / "data.extxyz"), "pod-34", ["W"])
    directory = files / "potential"
    directory.mkdir()
    (directory / "active_set.npz").write_bytes(active.to_bytes())
    (directory / "potential.json").write_text(json.dumps({"descriptors": "pod-34", "elements": ["W"]}))
    return directory


def test_select_against_a_dataset(files, capsys):
    out = files / "envs.extxyz"
    select([files / "vacancy.extxyz"], out, against=files / "data.extxyz", descriptors="pod-34", context_radius=8.0)
    frames = read_frames(out)
    assert 1 <= len(frames) <= 14
    for frame in frames:
        environment = environment_from_atoms(frame)
        assert environment.id == frame.info["environment"]
        assert environment.context_radius == 8.0
        assert frame.info["scenario"] == "vacancies"
        assert np.linalg.norm(frame.positions[0]) == 0
    assert "vacancies" in capsys.readouterr().out


def test_select_from_snapshots_alone_and_from_a_dump(files):
    out = files / "envs.extxyz"
    select([files / "vacancy.extxyz"], out, descriptors="pod-34", max_environments=5, context_radius=6.0)
    assert len(read_frames(out)) == 5
    cell, atoms = crystal(1).cell, crystal(1)
    rows = [f"{i} 1 {x:.8f} {y:.8f} {z:.8f}" for i, (x, y, z) in enumerate(atoms.get_positions(wrap=True), 1)]
    head = ["ITEM: TIMESTEP", "40", "ITEM: NUMBER OF ATOMS", str(len(atoms)), "ITEM: BOX BOUNDS pp pp pp"]
    head += [f"0 {cell[k, k]:.8f}" for k in range(3)] + ["ITEM: ATOMS id type x y z"]
    (files / "run.dump").write_text("\n".join(head + rows) + "\n")
    with pytest.raises(InputError, match="--element"):
        select([files / "run.dump"], out, descriptors="pod-34")
    select([files / "run.dump"], out, descriptors="pod-34", element=["W"], context_radius=6.0)
    assert {f.info["step"] for f in read_frames(out)} == {40}


def test_nothing_new_writes_nothing(files, capsys):
    out = files / "envs.extxyz"
    select([files / "data.extxyz"], out, against=files / "data.extxyz", descriptors="pod-34")
    assert not out.exists()
    assert "nothing to select" in capsys.readouterr().out


def test_grade_prints_json_and_writes_gamma(files, potential, capsys):
    grade(potential, files / "vacancy.extxyz", as_json=True, output=files / "graded.extxyz")
    report = json.loads(capsys.readouterr().out)
    [frame] = read_frames(files / "graded.extxyz")
    gamma = frame.arrays["gamma"]
    assert report["gamma_max"] == pytest.approx(gamma.max(), rel=1e-6)
    assert report["gamma_p99"] == pytest.approx(np.percentile(gamma, 99), rel=1e-6)
    assert report["n_above_select"] == (gamma > 2).sum() > 0
    assert report["descriptors"] == "pod-34"
    assert report["n_atoms"] == len(gamma)
    assert report["by"]["scenario"]["vacancies"]["gamma_max"] == report["gamma_max"]
    grade(potential, files / "data.extxyz", as_json=True)
    assert json.loads(capsys.readouterr().out)["gamma_max"] <= 1.01


def test_grade_says_that_gamma_is_no_error_bar(files, potential, capsys):
    grade(potential, files / "data.extxyz")
    assert "no error bar" in capsys.readouterr().out


def test_grade_refuses_what_is_no_potential(files, potential):
    with pytest.raises(InputError, match=r"has no potential.json"):
        grade(files, files / "data.extxyz")
    (potential / "potential.json").write_text('{"descriptors": "pod-117", "elements": ["W"]}')
    with pytest.raises(InputError, match="pod-117"):
        grade(potential, files / "data.extxyz")
    with pytest.raises(InputError, match="no such file"):
        select([files / "missing.extxyz"], files / "out.extxyz", descriptors="pod-34")
