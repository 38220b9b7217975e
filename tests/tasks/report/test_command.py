"""The command, on campaigns of which nothing is published yet."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from defectgenome.deploy.cli.report import report
from defectgenome.deploy.report import evenly
from defectgenome.deploy.run_directory import RunDirectory
from defectgenome.schemas.campaign import Campaign
from defectgenome.schemas.errors import InputError, StoreError

BODY = {
    "campaign": "just-begun",
    "material": {"elements": ["W"], "structure": "bcc", "lattice_constant": 3.165},
    "sampling": {"size": "quick", "scenarios": [{"kind": "vacancies"}]},
}


@pytest.fixture
def begun(tmp_path) -> Path:
    root = tmp_path / "runs" / "just-begun"
    directory = RunDirectory(root)
    root.mkdir(parents=True)
    directory.identify(Campaign.model_validate(BODY), tmp_path)
    return root


def test_report_of_a_campaign_that_has_just_begun(begun, monkeypatch, capsys):
    monkeypatch.chdir(begun.parents[1])
    report("just-begun")
    assert Path(capsys.readouterr().out.strip()) == begun / "report.html"
    text = (begun / "report.html").read_text(encoding="utf-8")
    assert "<h1>just-begun</h1>" in text
    assert "NOT DFT" in text
    assert "<strong>submitted</strong>" in text


def test_output_and_workdir(begun, tmp_path, capsys):
    report(workdir=begun, output=tmp_path / "new" / "page.html")
    assert Path(capsys.readouterr().out.strip()) == tmp_path / "new" / "page.html"
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["page.html"]


def test_bad_input_is_one_line(tmp_path, begun):
    with pytest.raises(InputError, match="no campaign 'nothing'"):
        report("nothing")
    with pytest.raises(InputError, match="NAME"):
        report()
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written"):
        report(workdir=begun, output=tmp_path / "file" / "page.html")


def test_command_imports_nothing_heavy():
    code = (
        "import sys, defectgenome.deploy.cli.report as r; print({'numpy', 'matplotlib', 'jinja2'} & set(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"


def test_evenly_keeps_both_ends():
    assert evenly(range(10), 4) == [0, 3, 6, 9]
    assert evenly([1, 2], 4) == [1, 2]
