"""The folder of small inputs that tests/cases describes."""

from tests.cases.conftest import case, cli, pets

__all__ = ["case", "cli", "pets"]
