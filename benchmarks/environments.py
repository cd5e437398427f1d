"""Where the processes of the benchmarks find the packages that they compare."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def environment(python: str, **variables: str) -> dict[str, str]:
    """Environment variables for a process under ``python``.

    This Python gets the package of this repository. Others must not, even where ``PYTHONPATH`` leads to it:
    they have an ``mmpretrain`` of their own.
    """
    values = {**os.environ, **variables}
    known = values.pop("PYTHONPATH", "")
    if python == sys.executable:
        values["PYTHONPATH"] = os.pathsep.join(filter(None, (str(Path(__file__).parents[1]), known)))
    return values
