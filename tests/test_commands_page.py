"""The commands on the page about commands exist, with the options and the scripts that it names."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import typer

from mmpretrain.cli.argv import modernize
from mmpretrain.cli.main import COMMAND_NAMES, app
from mmpretrain.compat.mim import main as mim

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
BLOCKS = "\n".join(re.findall(r"```bash\n(.*?)```", TEXT, re.DOTALL)).replace("\\\n", " ")
LINES = [line for line in BLOCKS.splitlines() if line.startswith(("mmpretrain ", "mim "))]


CHINESE = (ROOT / "docs" / "commands.zh-CN.md").read_text(encoding="utf-8")


def options_of(command):
    return {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}


@pytest.mark.parametrize("line", LINES)
def test_examples(line):
    program, *words = shlex.split(re.sub(r" > [\w.]+$", "", line), comments=True)
    command = typer.main.get_command(app if program == "mmpretrain" else mim.app)
    words = modernize(words) if program == "mmpretrain" else words
    while words and words[0] in getattr(command, "commands", ()):
        command = command.commands[words.pop(0)]
    assert not hasattr(command, "commands"), f"no such command: {line}"
    named = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word) and " " not in word}
    unknown = named - options_of(command)
    passes_on = command.context_settings.get("ignore_unknown_options", False)
    assert passes_on or not unknown, unknown


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
