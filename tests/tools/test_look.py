"""Tests of ``tools/look.py``."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def look():
    spec = importlib.util.spec_from_file_location("look", ROOT / "tools" / "look.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_tables_name_what_there_is(look):
    for folder, tests in look.CONTRACTS.items():
        assert (ROOT / "mmpretrain" / folder).is_dir()
        assert all((ROOT / "tests" / test).is_file() for test in tests)
    for module, test in look.ELSEWHERE.items():
        assert (ROOT / "mmpretrain" / f"{module}.py").is_file(), module
        assert (ROOT / "tests" / test).is_file(), test
        assert not look.has_twin(ROOT / "mmpretrain" / f"{module}.py"), f"{module} has a test of its name"


def test_repeated_lines(look, tmp_path):
    one, two = tmp_path / "one.py", tmp_path / "two.py"
    same = "".join(f"x{i} = f({i})\n" for i in range(6))
    one.write_text(f"import a\n\n\n{same}y = 1\n")
    two.write_text(f"# a comment\n{same.replace('= ', '=  ')}z = 2\n")
    assert look.repeated([one, two]) == pytest.approx(100 * 6 / 14)
    assert look.repeated([one]) == 0.0


def test_signatures_and_docstrings_do_not_count(look):
    text = 'def f(\n    a,\n    b,\n):\n    """Say it."""\n    return (\n        a\n    )\n'
    assert look.code_lines(text) == ["return (", "a"]
    loose, typed = look.count_any(ast.parse("def f(a: Any, b: int, c): ..."))
    assert (loose, typed) == (1, 2)
