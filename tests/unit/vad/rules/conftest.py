import pytest

from haetae.vad.rules import watch


@pytest.fixture(autouse=True, scope="package")
def little_is_enough():
    """A minute of painted people is all that these tests have time for."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(watch, "FEWEST_S", 20.0)
        yield
