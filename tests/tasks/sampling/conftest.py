import pytest
from defectgenome.schemas.campaign import Material
from defectgenome.tasks.sampling.eam_zhou import zhou2004


@pytest.fixture(scope="session")
def tungsten():
    return Material(elements=("W",), structure="bcc", lattice_constant=3.16485)


@pytest.fixture(scope="session")
def zhou_tungsten():
    return zhou2004(["W"])
