from __future__ import annotations

from tests.engine.conftest import make_runner

__all__ = ["make_runner"]
