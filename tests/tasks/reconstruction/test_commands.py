"""`reconstruct` and `verify` on files."""

import json

import numpy as np
import pytest
import typer
from defectgenome.deploy.cli.reconstruct import reconstruct
from defectgenome.deploy.cli.verify import verify
from defectgenome.schemas.errors import InputError
from defectgenome.tasks.frames import environment_to_atoms, read_frames, write_frames
from defectgenome.tasks.reconstruction.crystal import Crystal
from typer.testing import CliRunner

from .crystals import environment, lattice

TUNGSTEN = Crystal("bcc", 3.16485, -8.76)


@pytest.fixture(scope="module")
def app():
    app = typer.Typer()
    app.command()(reconstruct)
    app.command()(verify)
    return app


def call(app, *words):
    result = CliRunner().invoke(app, [str(w) for w in words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_cells_are_written_and_hold(app, tmp_path):
    envs, cells = tmp_path / "envs.extxyz", tmp_path / "cells.extxyz"
    vacancy = environment(np.delete(lattice(TUNGSTEN), 2, axis=0), "W")
    write_frames(envs, [environment_to_atoms(vacancy)])
    words = ["reconstruct", envs, "--potential", "zhou2004", "--effort", "quick", "-o", cells]
    assert call(app, *words).exit_code == 0
    [frame] = read_frames(cells)
    assert frame.info["status"] == "ok"
    assert frame.info["environment"] == vacancy.id
    assert frame.arrays["core"].sum() == frame.info["n_core"]
    assert frame.arrays["core"].dtype == bool
    keys = {"energy_per_atom", "excess_energy", "dmin", "image_gap", "centre_force_error"}
    assert keys <= frame.info.keys()
    assert json.loads((tmp_path / "cells.refused.json").read_text()) == []
    held = call(app, "verify", cells, envs, "--json")
    assert held.exit_code == 0
    assert json.loads(held.stdout)[0]["verdict"] == "ok"
    frame.positions[3] += 0.01
    write_frames(cells, [frame])
    broken = call(app, "verify", cells, envs, "--json")
    assert broken.exit_code == 1
    assert "lae_violated" in json.loads(broken.stdout)[0]["codes"]


def test_nothing_rebuilt_is_a_failure_that_says_why(app, tmp_path):
    envs, cells = tmp_path / "envs.extxyz", tmp_path / "cells.extxyz"
    write_frames(envs, [environment_to_atoms(environment(lattice(TUNGSTEN), "W"))])
    words = ["reconstruct", envs, "--potential", "zhou2004", "--core-radius", 8, "-o", cells]
    assert call(app, *words).exit_code == 1
    assert not cells.exists()
    [refused] = json.loads((tmp_path / "cells.refused.json").read_text())
    assert refused["code"] == "no_feasible_cell"
    with pytest.raises(InputError, match="exact_radius"):
        call(app, *words, "--exact-radius", 9)
