"""Help texts in which a flag stands alone, without ``<bool>`` behind it."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup


def _bare(parameters: list[Any]) -> list[Any]:
    for parameter in parameters:
        if getattr(parameter, "is_flag", False):
            parameter.metavar = ""
    return parameters


class Command(TyperCommand):
    """A command whose help shows flags as flags."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters for a help text and for parsing."""
        return _bare(super().get_params(ctx))


class Group(TyperGroup):
    """A group of commands whose help shows flags as flags."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters for a help text and for parsing."""
        return _bare(super().get_params(ctx))


def show_flags_as_flags(app: typer.Typer) -> None:
    """Let all commands of an app, and of the apps in it, show flags as flags."""
    app.info.cls = Group
    for command in app.registered_commands:
        command.cls = Command
    for group in app.registered_groups:
        if group.typer_instance is not None:
            show_flags_as_flags(group.typer_instance)
