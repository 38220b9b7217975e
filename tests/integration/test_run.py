"""The whole campaign through the installed program: results, a second run, a wrong input, a full disk."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest
from defectgenome.tasks.frames import read_frames, write_frames

from .conftest import PROGRAM, defectgenome, environment, status_of

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """Directory of a finished tiny campaign, its file beside it."""
    from .conftest import TINY

    root = tmp_path_factory.mktemp("campaign")
    (root / "tiny.yaml").write_text(TINY)
    done = defectgenome("run", root / "tiny.yaml", "--workers", "2", cwd=root)
    assert done.returncode == 0, done.stderr
    return root


@pytest.mark.slow
def test_it_converges_and_leaves_what_a_user_needs(finished: Path):
    workdir = finished / "runs" / "tiny"
    now = status_of(workdir)
    assert now["state"] == "converged"
    assert len(now["iterations"]) >= 2
    assert now["iterations"][-1]["gamma_max"] < 2
    assert [i["n"] for i in now["iterations"]] == list(range(len(now["iterations"])))
    assert now["reference"]["engine"] == "potential:finnis-sinclair"
    assert now["reference"]["dft"] is False
    assert now["computed_again"] == 0
    card = json.loads((workdir / "potential" / "potential.json").read_text())
    assert card["dft"] is False
    page = (workdir / "report.html").read_text()
    assert "not DFT" in page or "NOT DFT" in page
    assert "http://" not in page.replace("http://www.w3.org", "")


@pytest.mark.slow
def test_the_written_potential_has_the_errors_that_status_tells(finished: Path):
    workdir = finished / "runs" / "tiny"
    told = status_of(workdir)["potential"]["errors"]
    done = defectgenome(
        "evaluate", workdir / "potential", workdir / "dataset.extxyz", "--by", "split", "--json", cwd=finished
    )
    assert done.returncode == 0, done.stderr
    by = json.loads(done.stdout)["by"]
    for part in ("train", "test"):
        for name in ("energy_rmse_mev_per_atom", "force_rmse_mev_per_angstrom"):
            assert by[part][name] == pytest.approx(told[part][name], rel=1e-4)


@pytest.mark.slow
def test_what_was_trained_on_is_covered(finished: Path):
    workdir = finished / "runs" / "tiny"
    frames = [f for f in read_frames(workdir / "dataset.extxyz") if f.info["split"] == "train"]
    write_frames(finished / "train.extxyz", frames)
    done = defectgenome("grade", workdir / "potential", "train.extxyz", "--json", cwd=finished)
    assert done.returncode == 0, done.stderr
    graded = json.loads(done.stdout)
    assert graded["descriptors"] == "pod-34"
    assert graded["n_structures"] == len(frames)
    assert graded["gamma_max"] <= 1.02  # MaxVol ends at 1.01, and the file has 8 decimals


@pytest.mark.slow
def test_running_again_changes_nothing(finished: Path):
    before = status_of(finished / "runs" / "tiny")
    done = defectgenome("run", "tiny.yaml", cwd=finished)
    assert done.returncode == 0
    after = status_of(finished / "runs" / "tiny")
    for name in ("artifact_digest", "content_digest", "computed_again", "state"):
        assert after[name] == before[name]


@pytest.mark.slow
def test_a_shared_label_store_is_not_paid_twice(finished: Path, tmp_path: Path):
    labels = tmp_path / "labels"
    shutil.copytree(finished / "runs" / "tiny" / "labels", labels)
    count = sum(1 for _ in labels.glob("artifacts/*/*.json"))
    text = (finished / "tiny.yaml").read_text().replace("campaign: tiny", "campaign: tiny2")
    (tmp_path / "tiny2.yaml").write_text(text)
    done = defectgenome("run", tmp_path / "tiny2.yaml", "--labels", labels, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert sum(1 for _ in labels.glob("artifacts/*/*.json")) == count


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "name"), [("extxyz", "d.extxyz"), ("cfg", "d.cfg"), ("pckl.gzip", "d.pckl.gzip")])
def test_export(finished: Path, tmp_path: Path, kind, name):
    done = defectgenome("export", "tiny", "--format", kind, "-o", tmp_path / name, cwd=finished)
    assert done.returncode == 0, done.stderr
    assert "NOT DFT" in done.stderr
    assert (tmp_path / name).stat().st_size > 1000


@pytest.mark.slow
def test_changed_physics_is_an_error_that_names_the_key(finished: Path, tmp_path: Path):
    text = (finished / "tiny.yaml").read_text().replace("seed: 7", "seed: 8")
    (tmp_path / "tiny.yaml").write_text(text)
    done = defectgenome("run", tmp_path / "tiny.yaml", "--workdir", finished / "runs" / "tiny", cwd=tmp_path)
    assert done.returncode == 2
    assert "seed" in done.stderr
    assert "new name" in done.stderr


def test_two_at_once(tiny: Path):
    first = subprocess.Popen(
        [*PROGRAM, "run", str(tiny)],
        cwd=tiny.parent,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment(),
    )
    try:
        lock = tiny.parent / "runs" / "tiny" / "lock"
        for _ in range(100):
            if lock.exists() and lock.read_text():
                break
            time.sleep(0.1)
        second = defectgenome("run", tiny, cwd=tiny.parent)
    finally:
        first.terminate()
        first.wait()
    assert second.returncode == 1
    assert f"being run by process {first.pid}" in second.stderr


def test_a_wrong_file_is_told_before_anything_is_made(tiny: Path):
    tiny.write_text(tiny.read_text().replace("seed: 7", "sead: 7"))
    done = defectgenome("run", tiny, cwd=tiny.parent)
    assert done.returncode == 2
    assert f"{tiny}:2:1: sead: unknown key; did you mean 'seed'?" in done.stderr
    assert not (tiny.parent / "runs").exists()


def test_a_full_disk_stops_the_run_with_a_clear_error_and_then_it_goes_on(tiny: Path, tmp_path: Path):
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=640k", "tmpfs", small], check=False, capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("a small file system can be mounted by root only")
    try:
        done = defectgenome("run", tiny, "--workdir", small / "run", cwd=tiny.parent)
        assert done.returncode == 1, done.stdout
        assert "disk is full" in done.stderr or "No space left" in done.stderr
        assert "nothing finished is lost" in done.stderr
        assert "Traceback" not in done.stderr
        subprocess.run(["mount", "-o", "remount,size=64m", small], check=True)
        again = defectgenome("run", tiny, "--workdir", small / "run", cwd=tiny.parent)
        assert again.returncode == 0, again.stderr
        assert status_of(small / "run")["computed_again"] == 0
    finally:
        subprocess.run(["umount", "-l", small], check=False)


def test_ctrl_c_ends_everything_with_one_line(tiny: Path):
    process = subprocess.Popen(
        [*PROGRAM, "run", str(tiny), "--workers", "2"],
        cwd=tiny.parent,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    lines = iter(process.stderr.readline, "")
    assert any("stage=sampling" in line for line in lines)
    workers = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    rest = process.communicate(timeout=30)[1]
    assert process.returncode == 1
    assert "interrupted: nothing finished is lost" in rest
    assert "Traceback" not in rest
    assert not psutil.wait_procs(workers, timeout=10)[1]
