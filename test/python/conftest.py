import nets
import octet
import pytest
from octet import runtime


@pytest.fixture(scope="session")
def libraries(tmp_path_factory):
    """Paths of libraries by the names of their networks."""
    folder = tmp_path_factory.mktemp("libraries")
    made = {}

    def path(name, *flags):
        if (name, flags) not in made:
            net = getattr(nets, name)()
            made[name, flags] = nets.compiled(folder, net, f"{name}{len(made)}.so",
                                              *flags)
        return made[name, flags]
    return path


@pytest.fixture(params=[runtime.load, octet.Program.load], ids=["ctypes", "native"])
def load(request):
    """Both ways to load a library, which must do the same."""
    return request.param
