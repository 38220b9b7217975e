"""``python -m defectgenome.tasks.reference.stand_in``."""

from .program import main

if __name__ == "__main__":
    main()
