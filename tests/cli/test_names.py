"""Former script names lead to commands, and other words to a suggestion."""

from __future__ import annotations

import pytest

from mmpretrain.cli.main import COMMAND_NAMES, entry_point, with_command
from mmpretrain.cli.names import FORMER_SCRIPTS, MEANT, modern, require_known
from mmpretrain.errors import ConfigError

COMMANDS = COMMAND_NAMES


def test_no_word_hides_a_command():
    for command in COMMANDS:
        require_known(command, COMMANDS)
        assert modern(command, COMMANDS) == (command,)


def test_every_target_is_a_command():
    targets = {new[0] for new in FORMER_SCRIPTS.values()}
    targets |= {words.split()[0] for words in MEANT.values() if words and not words.startswith("-")}
    assert targets <= set(COMMANDS)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("get_flops", ("flops",)),
        ("Publish-Model", ("publish",)),
        ("print_config", ("config", "show")),
        ("image_demo", ("image-demo",)),
        ("train", ("train",)),
        ("unheard_of", ("unheard_of",)),
    ],
)
def test_former_names(word, expected):
    assert modern(word, COMMANDS) == expected


def test_options_may_stand_in_front():
    assert with_command(["--debug", "get_flops", "a.py"]) == ["--debug", "flops", "a.py"]
    assert with_command(["--version"]) == ["--version"]
    assert with_command([]) == []


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("fine-tune", "`mmpretrain finetune`"),
        ("evaluate", "`mmpretrain test`"),
        ("trian", "`mmpretrain train`"),
        ("flop", "`mmpretrain flops`"),
        ("publis", "`mmpretrain publish`"),
        ("fine_tune", "`mmpretrain finetune`"),
        ("get_flop", "`mmpretrain flops`"),
        ("cam", "`mmpretrain vis-cam`"),
        ("xyzzy", "--help"),
    ],
)
def test_suggestions(word, expected):
    with pytest.raises(ConfigError, match=f"there is no command '{word}'") as caught:
        require_known(word, COMMANDS)
    assert expected in str(caught.value)


def test_the_command_line_says_it_in_one_line(capsys):
    with pytest.raises(SystemExit, match="2"):
        entry_point(["fit", "a.py"])
    assert capsys.readouterr().err == "error: there is no command 'fit'. Did you mean `mmpretrain train`?\n"
