"""From the labels that people write to class indices."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mmpretrain.errors import DataError


def to_indices(
    values: Sequence[str | int], classes: Sequence[str] | None, where: Callable[[int], str]
) -> tuple[list[int], tuple[str, ...] | None]:
    """Turn labels into class indices.

    Labels that are all among ``classes`` are names, labels that are all whole numbers are indices; any others
    are names of classes, which are sorted if ``classes`` does not give their order.

    Args:
        values: A label for each sample.
        classes: The class names, if known.
        where: Says where the label of the i-th sample stands.

    Returns:
        The indices, and the class names if they were found out.

    Raises:
        DataError: If a label is empty, or not among the classes.
    """
    names = [str(value).strip() for value in values]
    if "" in names:
        raise DataError("A sample has no label", where=where(names.index("")))
    position = {name: index for index, name in enumerate(classes or ())}
    if not all(name in position for name in names):
        if all(name.isdecimal() for name in names):
            return [int(name) for name in names], None
        if classes is None:
            found = tuple(sorted(set(names)))
            return to_indices(names, found, where)[0], found
        unknown = next(i for i, name in enumerate(names) if name not in position)
        raise DataError(f"{names[unknown]!r} is not one of the {len(classes)} classes", where=where(unknown))
    return [position[name] for name in names], None
