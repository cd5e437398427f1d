"""How targets call a command: errors of any kind are let out."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Sequence
from unittest import mock

from mmpretrain.cli.guard import of_machine
from mmpretrain.cli.main import entry_point
from mmpretrain.errors import MMPretrainError


def call(words: Sequence[str]) -> None:
    """Run a command line.

    Raises:
        MMPretrainError: Its answer to a mistake.
        Exception: Whatever else leaves the command.
    """
    out, err = io.StringIO(), io.StringIO()
    try:
        with (
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            mock.patch.dict(os.environ, MMPRETRAIN_DEBUG="1"),
        ):
            entry_point(list(words))
    except MMPretrainError:
        raise
    except SystemExit as end:
        if end.code not in (0, 2, None):
            raise AssertionError(f"exit code {end.code}: {err.getvalue()[-500:]}") from end
    except OSError as error:
        if (answer := of_machine(error)) is None:
            raise
        raise answer from error
