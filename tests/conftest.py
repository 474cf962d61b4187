"""Fixtures that every test may use."""

import gc
import os
from pathlib import Path

import pytest
import structlog
from hypothesis import settings

# Machines are shared: how long an example takes says nothing about the code.
settings.register_profile("haetae", deadline=None)
settings.load_profile("haetae")


def pytest_collection_finish():
    """What was imported and collected stays to the end: the garbage collector need not look at it again and again (a third of the time)."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder with real footage (HAETAE_TEST_DATA, else ../shared/data beside the checkout); skips where there is none."""
    folder = Path(os.environ.get("HAETAE_TEST_DATA") or Path(__file__).parents[2] / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"needs real footage: no folder {folder} (set HAETAE_TEST_DATA)")
    return folder


@pytest.fixture(autouse=True)
def _logging_as_it_was():
    """A test that configures logging must not decide where the next one's lines go."""
    yield
    structlog.reset_defaults()
