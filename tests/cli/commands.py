"""How tests call commands, in this process."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from mmpretrain.cli.main import entry_point


class Done(NamedTuple):
    """What a command printed, and its exit code."""

    out: str
    err: str
    code: int


def call(capsys: pytest.CaptureFixture[str], *words: object) -> Done:
    """Run a command line."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as caught:
        entry_point([str(word) for word in words])
    out, err = capsys.readouterr()
    return Done(out, err, caught.value.code or 0)
