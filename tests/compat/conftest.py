"""Fixtures that config tests share."""

from tests.config.conftest import write

__all__ = ["write"]
