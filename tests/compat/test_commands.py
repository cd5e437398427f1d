"""Scripts for the former packages run unchanged."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import sys
import mmcv
from mmcls.models import build_classifier
from helper import value
if __name__ == '__main__':
    print(mmcv.__version__, build_classifier.__name__, value, sys.argv[1:])
"""


def mmpretrain(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mmpretrain", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_script_with_its_arguments(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    (tmp_path / "helper.py").write_text("value = 5\n")
    given = ["a", "--flag", "-h", "--options", "x=1", "--debug"]
    out = mmpretrain("run", str(tmp_path / "script.py"), *given)
    assert out.returncode == 0, out.stderr
    assert out.stdout.strip() == f"2.2.0 build_classifier 5 {given}"


def test_a_script_that_is_not_there():
    out = mmpretrain("run", "no.py")
    assert out.returncode == 2
    assert "There is no script 'no.py'" in out.stderr
