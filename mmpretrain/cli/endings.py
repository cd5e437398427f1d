"""How a command ends: the error message and the exit code."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from mmpretrain.cli.guard import is_ours, leave_pipe, of_machine, unforeseen
from mmpretrain.cli.say import say
from mmpretrain.errors import MMPretrainError, notes_of

USAGE_ERROR = 2


@contextmanager
def errors_told(debug: bool = False) -> Iterator[None]:
    """Report deliberate errors in one line on standard error, with exit code 2.

    Args:
        debug: Leave all errors as they are, so that Python shows their traceback.
    """
    try:
        yield
    except MMPretrainError as error:
        if debug:
            raise
        report(error)
        sys.exit(USAGE_ERROR)
    except KeyboardInterrupt:
        say("Interrupted.", fg="yellow", err=True)
        sys.exit(130)
    except BrokenPipeError:  # `mmpretrain ... | head`
        leave_pipe()
        sys.exit(0)
    except Exception as error:
        if debug:
            raise
        if (sentence := of_machine(error)) is not None:
            report(sentence)
            sys.exit(USAGE_ERROR)
        if is_ours(error):
            report(unforeseen(error))
            report_notes(error)
            sys.exit(1)
        if sys.version_info < (3, 11):  # later versions print them with the traceback
            report_notes(error)
        raise
    finally:
        leave_pipe()


def report(error: MMPretrainError) -> None:
    """Print a deliberate error for people."""
    say("error: ", fg="red", bold=True, nl=False, err=True)
    say(str(error), err=True)
    report_notes(error)


def report_notes(error: BaseException) -> None:
    """Print the notes of an error: the step, the images."""
    for note in notes_of(error):
        say("  ", nl=False, err=True)
        say(note, err=True)
