"""POTCARs: found where pymatgen finds them, missing ones named, contents never read."""

from __future__ import annotations

import pytest
from defectgenome.schemas.reference import VaspSpec
from defectgenome.tasks.reference.potcar import missing_potcars
from defectgenome.tasks.reference.stand_in.potcar import write_potcars
from pymatgen.core import SETTINGS
from pymatgen.io.vasp import PotcarSingle

SPEC = VaspSpec(engine="vasp", potcar={"W": "W_sv", "Al": "Al"})


@pytest.fixture
def library(tmp_path, monkeypatch):
    monkeypatch.setitem(SETTINGS, "PMG_VASP_PSP_DIR", str(tmp_path))
    return tmp_path


def test_only_what_is_missing_is_named(library):
    write_potcars(library, {"W_sv": "W"})
    assert missing_potcars(SPEC, ["W"]) == []
    (missing,) = missing_potcars(SPEC, ["W", "Al"])
    assert missing.startswith("POTCAR Al of Al: neither POTCAR.Al nor Al/POTCAR")


@pytest.mark.filterwarnings("ignore:POTCAR data")
@pytest.mark.parametrize("release", ["52", "54", "64"])
@pytest.mark.parametrize(("functional", "family"), [("PBE", "PAW_PBE"), ("LDA", "PAW")])
def test_libraries_by_release_and_functional(library, release, functional, family):
    spec = SPEC.model_copy(update={"potcar_release": release, "functional": functional})
    assert missing_potcars(spec, ["W"])
    write_potcars(library, {"W_sv": "W"}, release=release, family=family)
    assert missing_potcars(spec, ["W"]) == []
    found = PotcarSingle.from_symbol_and_functional("W_sv", f"{functional}_{release}")
    assert found.TITEL.split() == [family, "W_sv", "01Jan2000"]


def test_the_other_layout(library):
    folder = write_potcars(library, {"W_sv": "W"}) / "POT_GGA_PAW_PBE_54"
    (folder / "W_sv").mkdir()
    (folder / "POTCAR.W_sv").rename(folder / "W_sv" / "POTCAR")
    assert missing_potcars(SPEC, ["W"]) == []


def test_no_library(library, monkeypatch):
    monkeypatch.setitem(SETTINGS, "PMG_VASP_PSP_DIR", str(library / "nowhere"))
    assert "no directory" in missing_potcars(SPEC, ["W"])[0]
    monkeypatch.delitem(SETTINGS, "PMG_VASP_PSP_DIR")
    assert "PMG_VASP_PSP_DIR" in missing_potcars(SPEC, ["W"])[0]
