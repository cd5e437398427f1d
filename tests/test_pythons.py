"""The sources on the oldest and the newest Python that the package claims to support and this machine has."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import mmpretrain

PARSE = """
import ast, pathlib, sys
for path in sorted(pathlib.Path(sys.argv[1]).rglob("*.py")):
    ast.parse(path.read_text(encoding="utf-8"), str(path))
"""


def interpreter(version: str) -> str | None:
    """An interpreter of that version that works: on PATH, or one of pyenv's."""
    found = [shutil.which(f"python{version}")]
    found += map(str, sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python")))
    for candidate in filter(None, found):
        done = subprocess.run(
            [candidate, "-c", "import sys; print(sys.version)"], capture_output=True, text=True
        )
        if done.stdout.startswith(version):
            return candidate
    return None


@pytest.mark.parametrize(
    "versions", [("3.10", "3.11", "3.12"), ("3.14", "3.13", "3.12")], ids=["oldest", "newest"]
)
def test_every_source_file_parses(versions):
    """``make pythons`` installs and runs the demo on each of them, which needs gigabytes of torch."""
    python = next(filter(None, map(interpreter, versions)), None)
    if python is None or python == sys.executable:
        pytest.skip("no other Python is here")
    done = subprocess.run(
        [python, "-c", PARSE, str(Path(mmpretrain.__file__).parent)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr.splitlines()[-4:]
