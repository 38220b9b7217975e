"""Where and when: command line, settings, stores, managers."""

if __name__ != "defectgenome.deploy":
    raise ImportError(f"{__name__!r}: import this package as defectgenome.deploy (run `make run` or `pip install .`)")
