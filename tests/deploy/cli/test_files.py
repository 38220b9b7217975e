"""Where a command may not write, it says so in one line."""

from __future__ import annotations

from pathlib import Path

import pytest
from defectgenome.deploy.cli import main

CELL = '2\nLattice="3.16 0 0 0 3.16 0 0 0 3.16" Properties=species:S:1:pos:R:3 pbc="T T T"\nW 0 0 0\nW 1.58 1.58 1.58\n'


@pytest.mark.parametrize("below_a_file", [True, False])
def test_an_output_that_cannot_be_is_no_traceback(tmp_path: Path, monkeypatch, capsys, below_a_file):
    (tmp_path / "cells.extxyz").write_text(CELL)
    (tmp_path / "spec.yaml").write_text("engine: potential\n")
    (tmp_path / "out").mkdir()
    output = tmp_path / "spec.yaml" / "labels.extxyz" if below_a_file else tmp_path / "out"
    arguments = ["label", tmp_path / "cells.extxyz", "--reference", tmp_path / "spec.yaml", "-o", output]
    monkeypatch.setattr("sys.argv", ["defectgenome", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 1
    assert "; nothing finished is lost" in capsys.readouterr().err
