"""What things are: models, units, content keys. Imports nothing else of defectgenome."""

if __name__ != "defectgenome.schemas":
    raise ImportError(f"{__name__!r}: import this package as defectgenome.schemas (run `make run` or `pip install .`)")
