"""The user's own trajectories: what LAMMPS writes is what is read, and mistakes are said with their place."""

import gzip

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from defectgenome.schemas.errors import InputError
from defectgenome.schemas.scenario import Trajectory
from defectgenome.tasks.frames import write_frames
from defectgenome.tasks.lammps import create_atoms, create_box, lammps_session, to_lammps_cell, wrap
from defectgenome.tasks.sampling.registry import sample
from defectgenome.tasks.sampling.snapshots import snapshot_from_atoms, snapshot_to_atoms
from defectgenome.tasks.sampling.trajectory import find_files, read_trajectory
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

DUMP = """ITEM: TIMESTEP
100
ITEM: NUMBER OF ATOMS
2
ITEM: BOX BOUNDS pp pp pp
1.0 5.0
0.0 4.0
0.0 4.0
ITEM: ATOMS id type x y z
2 2 3.0 2.0 2.0
1 1 1.5 0.5 0.5
"""


def cells(columns, cell, tmp_path, name="a.dump", pbc=(True, True, True)):
    """Dump written by LAMMPS, with what went in."""
    rng = np.random.default_rng(1)
    cell, _ = to_lammps_cell(np.array(cell, float))
    positions = wrap(rng.random((20, 3)) @ cell, cell, pbc)
    types = rng.integers(1, 3, 20)
    path = tmp_path / name
    with lammps_session() as lmp:
        create_box(lmp, cell, 2, pbc=pbc, triclinic=bool(np.tril(cell, -1).any()), origin=(1.0, -2.0, 3.0))
        lmp.commands_list(["mass * 1.0", "pair_style zero 2.0", "pair_coeff * *", "comm_modify cutoff 5"])
        create_atoms(lmp, positions + [1.0, -2.0, 3.0], types)
        lmp.commands_list(
            [
                f"dump out all custom 10 {path} {columns}",
                "dump_modify out format float %.12g" + (" element W Ta" if "element" in columns else ""),
                "run 0",
                "run 20",
            ]
        )
    return path, positions, cell, types


TRICLINIC = [[12, 0, 0], [3, 11, 0], [-2, 4, 13]]


@pytest.mark.parametrize(
    "columns", ["id type x y z", "id type xs ys zs", "id type element xu yu zu", "type xsu ysu zsu id"]
)
@pytest.mark.parametrize("cell", [np.diag([10, 11, 12]), TRICLINIC])
def test_dumps_of_lammps(columns, cell, tmp_path):
    path, positions, lower, types = cells(columns, cell, tmp_path)
    snapshots = list(read_trajectory([path], ("W", "Ta")))
    assert [s.info["step"] for s in snapshots] == [0, 10, 20]
    assert [s.info["frame"] for s in snapshots] == [0, 1, 2]
    for snapshot in snapshots:
        assert np.allclose(snapshot.positions, positions, atol=1e-9)
        assert np.allclose(snapshot.cell, lower, atol=1e-9)
        assert np.array_equal(snapshot.types, types - 1)
        assert snapshot.pbc == (True, True, True)


def test_free_directions_have_room(tmp_path):
    path, positions, _, _ = cells("id type x y z", np.diag([10, 11, 12]), tmp_path, pbc=(True, True, False))
    snapshot = next(read_trajectory([path], ("W", "Ta")))
    assert snapshot.pbc == (True, True, False)
    assert snapshot.positions[:, 2].min() >= 1
    assert snapshot.positions[:, 2].max() <= snapshot.cell[2, 2] - 1
    assert np.allclose(snapshot.positions[:, :2], positions[:, :2], atol=1e-9)
    assert np.allclose(np.diff(snapshot.positions[:, 2]), np.diff(positions[:, 2]), atol=1e-9)


def test_gzip_stride_and_sorting(tmp_path):
    path = tmp_path / "a.dump.gz"
    path.write_bytes(gzip.compress((DUMP * 5).encode()))
    snapshots = list(read_trajectory([path], ("W", "Ta"), stride=2, scenario="mine"))
    assert [s.info["frame"] for s in snapshots] == [0, 2, 4]
    assert snapshots[0].positions.tolist() == [[0.5, 0.5, 0.5], [2, 2, 2]]
    assert snapshots[0].symbols == ["W", "Ta"]
    assert snapshots[0].info["scenario"] == "mine"
    assert snapshots[0].info["file"] == "a.dump.gz"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("id type x y z", "id type vx vy vz", "no positions"),
        ("2 2 3.0", "2 3 3.0", "types 1..3"),
        ("2 2 3.0", "2 2 nan", "finite"),
        ("2 2 3.0 2.0 2.0\n", "2 2 3.0 2.0\n", "columns"),
        ("ITEM: NUMBER OF ATOMS\n2", "ITEM: NUMBER OF ATOMS\ntwo", "a.dump:4: 'two'"),
        ("1.0 5.0", "5.0 1.0", "no volume"),
        ("ITEM: NUMBER OF ATOMS\n2", "ITEM: NUMBER OF ATOMS\n3", "ends where an atom"),
        ("id type x", "id element x", "has 1 2"),
    ],
)
def test_mistakes(tmp_path, old, new, message):
    assert old in DUMP
    path = tmp_path / "a.dump"
    path.write_text(DUMP.replace(old, new))
    with pytest.raises(InputError, match=message):
        list(read_trajectory([path], ("W", "Ta")))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_files_are_input_errors(tmp_path, data):
    text = DUMP.encode() * 2
    at = data.draw(st.integers(0, len(text) - 1))
    length = data.draw(st.integers(0, 30))
    damaged = text[:at] + data.draw(st.binary(max_size=8)) + text[at + length :]
    if data.draw(st.booleans()):
        damaged = gzip.compress(damaged, mtime=0)
        damaged = damaged[: data.draw(st.integers(2, len(damaged)))]
    path = tmp_path / "a.dump"
    path.write_bytes(damaged)
    try:
        for snapshot in read_trajectory([path], ("W", "Ta")):
            assert np.isfinite(snapshot.positions).all()
    except InputError as error:
        assert "a.dump" in str(error)  # noqa: PT017


def test_extended_xyz_round_trip(tmp_path, tungsten, zhou_tungsten):
    atoms = bulk("W", cubic=True, a=3.2).repeat(2)
    snapshot = snapshot_from_atoms(atoms, ("W",), "here")
    centres = np.arange(16) % 3 == 0
    frame = snapshot_to_atoms(snapshot)
    frame.arrays["centre_allowed"] = centres.astype(int)
    frame.info.update(scenario="indent", step=7, time_ps=0.5)
    write_frames(tmp_path / "a.extxyz", [frame, frame])
    (one, two) = read_trajectory([tmp_path / "a.extxyz"], ("W",))
    assert np.allclose(one.positions, snapshot.positions, atol=1e-8)
    assert np.array_equal(one.centres, centres)
    assert (one.info["scenario"], one.info["step"], two.info["frame"]) == ("indent", 7, 1)
    run = Trajectory(files=("*.extxyz",), stride=2, name="mine")
    result = sample(run, tungsten, zhou_tungsten, 1, tmp_path, files=find_files(run.files, tmp_path))
    assert [s.info["scenario"] for s in result.snapshots] == ["mine"]
    assert result.report["snapshots"] == 1


def test_clusters_and_rotated_cells():
    cluster = Atoms("W2", positions=[[0, 0, 0], [0, 0, 2.5]])
    snapshot = snapshot_from_atoms(cluster, ("W",), "here")
    assert snapshot.pbc == (False, False, False)
    assert np.linalg.norm(snapshot.positions[1] - snapshot.positions[0]) == pytest.approx(2.5)
    primitive = bulk("W", a=3.2)
    snapshot = snapshot_from_atoms(primitive.repeat(2), ("W",), "here")
    assert np.allclose(np.triu(snapshot.cell, 1), 0)
    assert np.linalg.det(snapshot.cell) == pytest.approx(8 * primitive.get_volume())


def test_other_elements_and_missing_files(tmp_path):
    with pytest.raises(InputError, match="has Cu, the material is W"):
        snapshot_from_atoms(bulk("Cu", cubic=True), ("W",), "here")
    with pytest.raises(InputError, match="no file matches"):
        find_files(("*.dump",), tmp_path)
    with pytest.raises(InputError, match="no such file"):
        list(read_trajectory([tmp_path / "no.dump"], ("W",)))
    (tmp_path / "text.dump").write_text("hello\n")
    with pytest.raises(InputError, match="not readable"):
        list(read_trajectory([tmp_path / "text.dump"], ("W",)))
