"""What holds for every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mmpretrain.utils.logging import detach_run_log


@pytest.fixture(autouse=True)
def no_log_of_another_run() -> Iterator[None]:
    """A runner keeps its log attached to the package's logger; the next test starts without it."""
    yield
    detach_run_log()
