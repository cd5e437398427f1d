"""Untrusted texts: they may name registered components, but nothing to import, download or run."""

from __future__ import annotations

from typing import Any

from mmpretrain.errors import ConfigError

#: The hint where the config in a checkpoint asks for more than an untrusted one may.
TRUST = (
    "If you trust whoever made it, repeat this with --trust (trust=True in Python); "
    "or name a config of your own as the model, and this as the checkpoint."
)


class Foreign(str):
    """A text of a config that a checkpoint holds.

    It is the text, and stays marked when configs are copied, merged or pickled.

    Attributes:
        origin: The file that holds the config.
    """

    origin: str = "a checkpoint"

    @classmethod
    def of(cls, text: str, origin: str) -> Foreign:
        """Mark a text."""
        marked = cls(text)
        marked.origin = origin
        return marked


def refuse_foreign(value: Any, what: str) -> None:
    """Raise if a text is untrusted.

    Args:
        value: The text.
        what: What would be done with it, such as ``"is imported"``.

    Raises:
        ConfigError: Naming the text and the file that holds it.
    """
    if isinstance(value, Foreign):
        raise ConfigError(
            f"{str(value)!r} {what} only for configs that are trusted, and this one is inside {value.origin}",
            hint=TRUST,
        )
