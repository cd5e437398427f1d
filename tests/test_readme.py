"""What the READMEs and COMPAT.md say is so."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mmpretrain.cli import config as config_command
from mmpretrain.cli.main import app

ROOT = Path(__file__).parent.parent
READMES = ["README.md", "README.zh-CN.md"]
COMMANDS = {command.name for command in app.registered_commands} | {"config"}


def blocks(page, language):
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)


def words(page):
    for line in "\n".join(blocks(page, "bash")).splitlines():
        yield line.partition("#")[0].split()


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_demo_shows_the_progress_of_the_installation(tmp_path):
    command = ["make", "-n", "-C", str(ROOT), "demo", f"VENV={tmp_path}"]
    steps = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    install = next(line for line in steps.splitlines() if "pip install" in line)
    assert "--quiet" not in install
    assert install.endswith(" -e .")


@pytest.mark.parametrize("page", READMES)
def test_commands_exist(page):
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for line in filter(None, words(page)):
        if line[0] == "make":
            assert set(line[1:]) <= targets, line
        elif line[0].endswith("mmpretrain"):
            assert line[1] in COMMANDS, line
    prose = (ROOT / page).read_text(encoding="utf-8")
    subcommands = {item.callback.__name__ for item in config_command.app.registered_commands}
    assert set(re.findall(r"`mmpretrain config (\w+)", prose)) <= subcommands


def test_both_languages_show_the_same():
    english, chinese = READMES
    assert list(words(english)) == list(words(chinese))
    assert blocks(english, "python") == blocks(chinese, "python")
    assert blocks(english, "text") == blocks(chinese, "text")


@pytest.mark.parametrize("page", READMES)
def test_python_examples_import_what_exists(page):
    for block in blocks(page, "python"):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom):
                module = __import__(node.module, fromlist=["_"])
                assert all(hasattr(module, alias.name) for alias in node.names)


@pytest.mark.parametrize("page", [*READMES, "COMPAT.md"])
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)", (ROOT / page).read_text(encoding="utf-8")):
        assert target.startswith("http") or (ROOT / target).exists(), target


def test_the_demo_gives_what_the_readme_shows(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "mmpretrain", "demo"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    accuracy = float(re.search(r"accuracy +([\d.]+) % of 355 held-out digits", done.stdout)[1])
    assert accuracy >= 97
    picture = tmp_path / re.search(r"picture +(\S+)", done.stdout)[1]
    assert picture.is_file()
    shown = blocks("README.md", "text")[0]
    skeleton = re.sub(r"\d+", "N", shown[shown.index("The demo is done") :])
    assert skeleton in re.sub(r"\d+", "N", done.stdout)


def rows():
    for line in (ROOT / "COMPAT.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("| ") and not line.startswith(("| area", "| ---")):
            yield [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def test_every_difference_has_a_test():
    for row in rows():
        assert len(row) == 4, row
        for named in row[3].strip("`").split(", "):
            path, _, name = named.strip("`").partition("::")
            file = ROOT / path
            assert file.is_file(), row
            function = name.partition("[")[0].rpartition("::")[2]
            assert f"def {function}" in file.read_text(encoding="utf-8"), row
