"""The commands label, train, evaluate and import on files: what they write, print and refuse."""

from __future__ import annotations

import json

import pytest
import typer
from defectgenome.deploy.cli.evaluate import evaluate
from defectgenome.deploy.cli.import_runs import import_runs
from defectgenome.deploy.cli.label import label
from defectgenome.deploy.cli.train import train
from defectgenome.schemas.errors import DefectGenomeError, InputError
from defectgenome.tasks.frames import read_frames, write_frames
from typer.testing import CliRunner


def call(command, *arguments):
    app = typer.Typer()
    app.command()(command)
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture(scope="module")
def workplace(tmp_path_factory, labelled):
    place = tmp_path_factory.mktemp("commands")
    bare = [f.copy() for f in labelled]
    bare[0].positions[0] += bare[0].positions[1] - bare[0].positions[0] + 0.3  # two atoms 0.5 A apart
    write_frames(place / "cells.extxyz", bare)
    (place / "spec.yaml").write_text("engine: potential\npotential: finnis-sinclair\n")
    (place / "vasp.yaml").write_text("engine: vasp\n")
    return place


def test_label_train_evaluate(workplace):
    call(label, workplace / "cells.extxyz", "--reference", workplace / "spec.yaml", "-o", workplace / "labels.extxyz")
    frames = read_frames(workplace / "labels.extxyz")
    refused = json.loads((workplace / "labels.refused.json").read_text())
    assert (len(frames), len(refused)) == (39, 1)
    assert "apart" in refused[0]["reasons"][-1]
    assert frames[0].info["dft"] is False

    out = call(train, workplace / "labels.extxyz", "--size", "34", "-o", workplace / "W")
    assert "not DFT" in out
    card = json.loads((workplace / "W" / "potential.json").read_text())
    assert card["dft"] is False
    assert card["size"] == "34"

    result = json.loads(call(evaluate, workplace / "W", workplace / "labels.extxyz", "--by", "family", "--json"))
    assert result["n_structures"] == 39
    assert set(result["by"]) == {"bulk", "vacancy"}
    assert result["energy_rmse_mev_per_atom"] < 50
    assert result["force_rmse_mev_per_angstrom"] < 500
    assert result["n_atoms"] == sum(map(len, frames))


@pytest.mark.parametrize(
    ("command", "arguments", "words"),
    [
        (label, ["cells.extxyz", "--reference", "vasp.yaml", "-o", "x.extxyz"], "no variant for W"),
        (label, ["cells.extxyz", "--reference", "absent.yaml", "-o", "x.extxyz"], "no such file"),
        (train, ["absent.extxyz", "-o", "x"], "no such file"),
        (train, ["cells.extxyz", "-o", "x"], "no energy"),
        (train, ["cells.extxyz", "--size", "99", "-o", "x"], "one of 34"),
        (train, ["cells.extxyz", "--potential", "ace", "-o", "x"], "this version trains pod"),
        (train, ["cells.extxyz", "-o", "spec.yaml"], "is a file"),
        (evaluate, ["absent", "cells.extxyz"], r"no potential\.json"),
        (import_runs, ["absent", "-o", "x.extxyz"], "no such directory"),
    ],
)
def test_bad_input_is_named(workplace, monkeypatch, command, arguments, words):
    monkeypatch.chdir(workplace)
    with pytest.raises(InputError, match=words):
        call(command, *arguments)


def test_import_prints_verdicts_and_fails_when_nothing_is_left(workplace, monkeypatch, capsys):
    run = workplace / "runs" / "cut"
    run.mkdir(parents=True)
    (run / "OUTCAR").write_text("cut\n")
    app = typer.Typer()
    app.command()(import_runs)
    result = CliRunner().invoke(app, [str(workplace / "runs"), "-o", str(workplace / "i.extxyz"), "--json"])
    assert isinstance(result.exception, DefectGenomeError)
    assert not isinstance(result.exception, InputError)
    (verdict,) = json.loads(result.stdout)
    assert verdict["directory"] == str(run)
    assert verdict["verdict"] == "refused"
    assert "no vasprun.xml" in verdict["reasons"][0]
    assert not (workplace / "i.extxyz").exists()
