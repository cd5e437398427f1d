"""Fixtures that config tests share."""

from tests.compat.old_run import old_run
from tests.config.conftest import write

__all__ = ["old_run", "write"]
