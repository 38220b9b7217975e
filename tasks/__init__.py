"""What is computed: plain functions on plain data, each usable alone."""

if __name__ != "defectgenome.tasks":
    raise ImportError(f"{__name__!r}: import this package as defectgenome.tasks (run `make run` or `pip install .`)")
