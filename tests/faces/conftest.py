import pytest

from faces.apps import FACES, Calls


@pytest.fixture(params=sorted(FACES))
def face(request):
    """A function of settings that gives a way to call the sample app behind one face; ``face.calls`` counts."""
    calls = Calls()
    build = FACES[request.param](calls)

    def made(**settings):
        return build(**settings)

    made.calls = calls.count
    made.name = request.param
    return made
