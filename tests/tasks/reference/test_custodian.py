"""Custodian: fresh handlers for each job, none that edits physics, and what its log says."""

from __future__ import annotations

import json

import pytest
from defectgenome.tasks.reference.custodian_handlers import (
    ERRORS_LEFT_OUT,
    HANDLERS_LEFT_OUT,
    Watch,
    custodian_settings,
    handlers,
)
from defectgenome.tasks.reference.custodian_log import read_corrections


def names(walltime_s: float | None = None) -> set[str]:
    return {type(handler).__name__ for handler in handlers(walltime_s, Watch())}


def test_every_handler_of_atomate2_is_used_or_left_out_for_a_reason():
    from atomate2.vasp.run import DEFAULT_HANDLERS

    theirs = {type(handler).__name__ for handler in DEFAULT_HANDLERS}
    assert theirs <= names() | HANDLERS_LEFT_OUT.keys()
    assert not names() & HANDLERS_LEFT_OUT.keys()


def test_errors_left_out_are_custodians():
    from custodian.vasp.handlers import VaspErrorHandler

    assert ERRORS_LEFT_OUT.keys() <= VaspErrorHandler.error_msgs.keys()
    caught = set(handlers(None, Watch())[0].errors_subset_to_catch)
    assert caught == VaspErrorHandler.error_msgs.keys() - ERRORS_LEFT_OUT.keys()
    assert {"brmix", "edddav", "zpotrf"} <= caught


def test_no_job_sees_the_handlers_of_another():
    first, second = handlers(None, Watch()), handlers(None, Watch())
    assert not {map(id, first)} & {map(id, second)}
    first[0].error_count["brmix"] += 1
    assert second[0].error_count["brmix"] == 0


@pytest.mark.parametrize(("walltime", "reserve"), [(10.0, 1.0), (600.0, 60.0), (36000.0, 300.0)])
def test_time_is_kept_to_stop_in(walltime, reserve, monkeypatch):
    monkeypatch.delenv("CUSTODIAN_WALLTIME_START", raising=False)
    handler = handlers(walltime, Watch())[-1]
    assert handler.electronic_step_stop
    assert handler.buffer_time == pytest.approx(reserve, rel=0.1)
    assert "WalltimeHandler" not in names()


def test_custodian_looks_often_for_the_end_and_seldom_into_files():
    settings = custodian_settings(None, Watch(poll_s=0.1, monitor_s=20))
    assert settings == {"polling_time_step": 0.1, "monitor_freq": 200}


def test_corrections_tell_what_was_changed(tmp_path):
    set_algo = {"dict": "INCAR", "action": {"_set": {"ALGO": "All", "ISEARCH": 1}}}
    delete = {"file": "WAVECAR", "action": {"_file_delete": {"mode": "actual"}}}
    log = [{"corrections": [{"errors": ["edddav"], "actions": [delete, set_algo]}, {"errors": ["x"], "actions": None}]}]
    (tmp_path / "custodian.json").write_text(json.dumps(log))
    assert read_corrections(tmp_path) == ("edddav (WAVECAR file delete, ALGO = All, ISEARCH = 1)", "x")
