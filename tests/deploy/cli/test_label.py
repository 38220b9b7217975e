"""`label`: one structure that crashes does not cost the others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ase.build import bulk
from defectgenome.deploy.cli.label import label
from defectgenome.schemas.keys import content_key
from defectgenome.schemas.reference import VaspSpec
from defectgenome.tasks.frames import key_of, read_frames, round_structure, write_frames
from defectgenome.tasks.reference.engine import reference_key
from defectgenome.tasks.reference.stand_in.faults import FILE
from defectgenome.tasks.reference.stand_in.potcar import write_potcars

SPEC = VaspSpec(engine="vasp", potcar={"W": "W"}, stand_in=True, kpoint_spacing=0.5)


@pytest.mark.integration
def test_a_crash_is_listed_and_the_others_are_labelled(tmp_path: Path, monkeypatch):
    from pymatgen.core import SETTINGS

    monkeypatch.setitem(SETTINGS, "PMG_VASP_PSP_DIR", str(write_potcars(tmp_path / "potcars", {"W": "W"})))
    cells = [round_structure(bulk("W", "bcc", a=a, cubic=True)) for a in (3.1, 3.2)]
    write_frames(tmp_path / "cells.extxyz", cells)
    (tmp_path / "spec.yaml").write_text(json.dumps(SPEC.model_dump(mode="json")))
    key = content_key("label", 1, {"structure": key_of(cells[0]), "spec": reference_key(SPEC)})
    directory = tmp_path / "labels.calculations" / f"vasp-{key[:20]}"
    directory.mkdir(parents=True)
    (directory / FILE).write_text(json.dumps([{"fault": "segfault"}]))
    label(tmp_path / "cells.extxyz", tmp_path / "spec.yaml", tmp_path / "labels.extxyz")
    [accepted] = read_frames(tmp_path / "labels.extxyz")
    assert key_of(accepted) == key_of(cells[1])
    [refused] = json.loads((tmp_path / "labels.refused.json").read_text())
    assert (refused["frame"], refused["code"]) == (0, "crashed")
    assert "signal 11" in refused["reasons"][0]
    (directory / FILE).unlink()
    label(tmp_path / "cells.extxyz", tmp_path / "spec.yaml", tmp_path / "labels.extxyz")
    assert len(read_frames(tmp_path / "labels.extxyz")) == 2
