"""In which order: jobflow jobs and flows, one file a stage, and the planner."""

if __name__ != "defectgenome.workflows":
    raise ImportError(
        f"{__name__!r}: import this package as defectgenome.workflows (run `make run` or `pip install .`)"
    )
