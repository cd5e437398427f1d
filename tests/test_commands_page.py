"""The commands that the pages tell people to type exist, with the options and the scripts that they name."""

from __future__ import annotations

import re
import shlex
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

from mmpretrain.cli.argv import modernize
from mmpretrain.cli.main import COMMAND_NAMES, app
from mmpretrain.cli.names import modern
from mmpretrain.compat.mim import main as mim

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
#: All pages for people, by name.
PAGES = {
    str(page.relative_to(ROOT)): page.read_text(encoding="utf-8")
    for page in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "benchmarks" / "README.md")
}


def lines_of(text):
    """Return the commands on a page: lines of its blocks, and those within sentences."""
    blocks = re.findall(r"```(?:bash|text)?\n(.*?)```", text, re.DOTALL)
    lines = [line.removeprefix("$ ") for line in "\n".join(blocks).replace("\\\n", " ").splitlines()]
    sentences = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    inline = [found.replace("\n", " ") for found in re.findall(r"`([^`]+)`", sentences)]
    return [line for line in (*lines, *inline) if line.startswith(PROGRAMS)]


PROGRAMS = ("mmpretrain ", "mim ", "python tools/", "tools/", "python benchmarks/", "benchmarks/", "make ")


CHINESE = (ROOT / "docs" / "commands.zh-CN.md").read_text(encoding="utf-8")


def options_of(command):
    return {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}


@cache
def program_of(name):
    """Return the parser of a program."""
    return typer.main.get_command(app if name == "mmpretrain" else mim.app)


def problem_of(line):
    """Return what is wrong with a command, or None."""
    program, *words = shlex.split(re.sub(r" > [\w.]+$", "", line), comments=True)
    if program == "make":
        return (
            None
            if re.search(rf"^{words[0]}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
            else "no target"
        )
    if program not in ("mmpretrain", "mim"):
        script = words[0] if program == "python" else program
        return None if list(ROOT.glob(script)) else "no such script"
    command: Any = program_of(program)
    if program == "mmpretrain":
        words = modernize([*modern(words[0], COMMAND_NAMES), *words[1:]])
    while words and words[0] in getattr(command, "commands", ()):
        command = command.commands[words.pop(0)]
    if hasattr(command, "commands"):
        return "no such command" if words and words[0] not in ("COMMAND", "--help") else None
    named = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word) and " " not in word}
    unknown = named - options_of(command) - {"--help", "--debug"}
    passes_on = command.context_settings.get("ignore_unknown_options", False)
    return f"no option {unknown}" if unknown and not passes_on else None


@pytest.mark.parametrize("page", PAGES)
def test_commands(page):
    """What a page tells people to type exists, with the options that it gives."""
    problems = {line: problem_of(line) for line in lines_of(PAGES[page])}
    assert not {line: problem for line, problem in problems.items() if problem}


def test_many_commands_are_looked_at():
    assert sum(len(lines_of(text)) for text in PAGES.values()) > 300


@pytest.mark.parametrize("text", [TEXT, CHINESE], ids=["English", "Chinese"])
def test_the_commands_of_the_table_exist(text):
    named = re.findall(r"^\|[^|]+\| `([a-z-]+)", text, re.MULTILINE)
    assert len(named) > 15
    assert set(named) <= set(COMMAND_NAMES)


def test_the_chinese_page_has_the_examples_of_the_english_one():
    """It may lag behind for a while, but shows nothing else."""
    for pattern in (r"```.*?```", r"^\| [^|]+\| `[a-z-]+"):
        flags = re.DOTALL if "```" in pattern else re.MULTILINE
        english, chinese = (
            {found.rpartition("|")[2] for found in re.findall(pattern, text, flags)}
            for text in (TEXT, CHINESE)
        )
        assert chinese <= english
        assert len(chinese) > 0.8 * len(english)


def test_the_scripts_of_the_table_exist():
    for path in re.findall(r"`((?:tools|demo)/[\w./*-]+\.py)`", TEXT):
        assert list(ROOT.glob(path)), path
