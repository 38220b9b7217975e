"""Labels of different origin never meet."""

from __future__ import annotations

import pytest
from defectgenome.schemas.errors import MixedLabelsError
from defectgenome.schemas.label import check_one_origin


def test_one_origin_is_returned():
    assert check_one_origin([("vasp", "a"), ("vasp", "a")]) == ("vasp", "a")


def test_two_origins_are_named():
    with pytest.raises(MixedLabelsError, match=r"potential:fs.*vasp"):
        check_one_origin([("vasp", "a"), ("potential:fs", "b")])


def test_two_specs_of_one_engine_do_not_mix():
    with pytest.raises(MixedLabelsError, match="2 origins"):
        check_one_origin([("vasp", "a"), ("vasp", "b")])
