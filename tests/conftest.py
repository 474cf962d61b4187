"""Fixtures that every test may use."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder with real footage (HAETAE_TEST_DATA, else ../shared/data beside the checkout); skips where there is none."""
    folder = Path(os.environ.get("HAETAE_TEST_DATA") or Path(__file__).parents[2] / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"needs real footage: no folder {folder} (set HAETAE_TEST_DATA)")
    return folder
