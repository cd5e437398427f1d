"""Do the classes of the data have the labels that the model learned?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mmpretrain.errors import DataError

if TYPE_CHECKING:
    from mmpretrain.engine.runner.runner import Runner

#: Class names that a message lists of each side.
SHOWN = 10


def listed(names: Sequence[str]) -> str:
    """Return class names for a message."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def compare(names: Sequence[str], stored: Sequence[str], split: str) -> tuple[bool, str] | None:
    """Compare the classes of a data set with those in a checkpoint.

    Args:
        names: The classes of the data set.
        stored: Those that the model learned.
        split: The split of the data set, for the sentence.

    Returns:
        Whether labels mean something else than the model learned, and a sentence; None if all is as it was.
    """
    if not names or not stored or list(names) == list(stored):
        return None
    both = f"the checkpoint: {listed(stored)}; {split}: {listed(names)}"
    unknown = [name for name in names if name not in stored]
    if len(unknown) == len(names) == len(stored):
        return False, f"the classes have other names than in the checkpoint. {both}"
    what = f"not in the checkpoint: {listed(unknown)}" if unknown else "their labels differ"
    return True, f"the classes are not those that the model learned ({what}). {both}"


def check_classes(runner: Runner, split: str, classes: Sequence[str] | None) -> None:
    """Compare the classes of a validation or test with those of the checkpoint that the run has loaded.

    Raises:
        DataError: If the labels of the data mean other classes than the model learned.
    """
    found = compare(list(map(str, classes or ())), runner.state.learned_classes, split)
    if found is None:
        return
    wrong, sentence = found
    if wrong:
        raise DataError(
            f"{split}: {sentence}",
            hint="Give the data set the checkpoint's classes, in their order: metainfo=dict(classes=...).",
        )
    runner.logger.warning(f"{split}: {sentence}")
