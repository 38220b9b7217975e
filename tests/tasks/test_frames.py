"""Frames that no step can use are refused where they are read."""

from __future__ import annotations

from pathlib import Path

import pytest
from defectgenome.schemas.errors import InputError
from defectgenome.tasks.frames import read_frames

ATOMS = "W 0 0 0\nW 1.5 1.5 1.5\n"
SPECIES = "Properties=species:S:1:pos:R:3"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f'2\n{SPECIES} pbc="T T T"\n{ATOMS}', "frame 0 is periodic .* without a cell"),
        (f'2\nLattice="3 0 0 0 3 0 0 3 0" {SPECIES} pbc="T T T"\n{ATOMS}', "frame 0 is periodic .* without a cell"),
        (f'2\nLattice="3 0 0 0 3 0 0 0 3" {SPECIES} pbc="T T T"\n{ATOMS}0\n\n', "frame 1 has no atoms"),
        ("2\nhalf\nW 0 0", "not readable as extended XYZ"),
        ("", "no frame"),
    ],
)
def test_unusable_frames_are_named(tmp_path: Path, text, message):
    path = tmp_path / "x.extxyz"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_frames(path)


@pytest.mark.parametrize("pbc", ["F F F", "F F T"])
def test_clusters_and_contexts_of_lines_need_no_full_cell(tmp_path: Path, pbc):
    path = tmp_path / "x.extxyz"
    path.write_text(f'2\nLattice="0 0 0 0 0 0 0 0 3" {SPECIES} pbc="{pbc}"\n{ATOMS}')
    assert len(read_frames(path)) == 1
