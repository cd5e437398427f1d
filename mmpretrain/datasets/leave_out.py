"""Leaving samples out of a data set, as an ``audit.yaml`` says."""

from __future__ import annotations

import logging
import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from mmpretrain.errors import DataError, MissingFileError
from mmpretrain.utils.brief import brief
from mmpretrain.utils.fileio import is_local
from mmpretrain.utils.plain_data import load

logger = logging.getLogger(__name__)

#: Names that a warning lists.
SHOWN = 3


def samples_to_keep(paths: Sequence[str | None], audit: str) -> list[int]:
    """Return the indices of the samples that an audit does not leave out.

    A sample is found by its path, or, if the data have moved, by the end of its path; one without a path by
    its number, as ``sample 17``. Names of samples that are elsewhere, in another part, have no effect. Those
    that are nowhere any more are named in a warning.

    Args:
        paths: Where each image is; None if it has no path.
        audit: The file.

    Raises:
        MissingFileError: If there is no such file.
        DataError: If it is no audit, or a name fits several samples.
    """
    root, names = read_audit(audit)
    known = {os.path.abspath(path): index for index, path in enumerate(paths) if path and is_local(path)}
    ends = _by_file_name(paths)
    numbered = {f"sample {index}": index for index, path in enumerate(paths) if not path}
    dropped: set[int] = set()
    missing: list[str] = []
    for name in names:
        place = os.path.abspath(os.path.join(root, name))
        found = known.get(place, numbered.get(name))
        if found is None:
            fitting = [index for index, parts in ends[PurePosixPath(name).name] if _ends_with(parts, name)]
            if len(fitting) > 1:
                raise DataError(
                    f"{name!r} fits {len(fitting)} samples: {paths[fitting[0]]}, {paths[fitting[1]]}",
                    where=audit,
                    hint="Audit the data again.",
                )
            found = fitting[0] if fitting else None
        if found is not None:
            dropped.add(found)
        elif not os.path.exists(place):
            missing.append(name)
    if missing:
        more = ", ..." if len(missing) > SHOWN else ""
        logger.warning(
            "%s: %d of the %d samples that it leaves out are not there: %s%s. It may belong to other data.",
            audit, len(missing), len(names), ", ".join(map(brief, missing[:SHOWN])), more,
        )  # fmt: skip
    logger.info("%s: %d of %d samples are left out", audit, len(dropped), len(paths))
    if paths and len(dropped) == len(paths):
        raise DataError("it leaves out every sample", where=audit)
    return [index for index in range(len(paths)) if index not in dropped]


def read_audit(path: str) -> tuple[str, list[str]]:
    """Read an ``audit.yaml``.

    Returns:
        The folder that names are relative to, and the names of the samples to leave out.

    Raises:
        MissingFileError, DataError: See :func:`samples_to_keep`.
    """
    if not os.path.isfile(path):
        raise MissingFileError(
            f"there is no audit {path!r}", hint="mmpretrain audit DATA writes one.", key="audit"
        )
    content = load(path, "yaml")
    if not isinstance(content, Mapping) or content.get("version") != 1:
        raise DataError("this is no audit of version 1", where=path, hint="mmpretrain audit DATA writes one.")
    entries, root = content.get("leave_out") or [], content.get("root") or ""
    if not isinstance(entries, list) or not isinstance(root, str):
        raise DataError("leave_out must be a list of samples, and root the name of a folder", where=path)
    names = [entry.get("name") if isinstance(entry, Mapping) else entry for entry in entries]
    wrong = next((name for name in names if not isinstance(name, str) or not name or "\0" in name), None)
    if wrong is not None or None in names:
        raise DataError(f"leave_out has an entry without a name: {brief(wrong)}", where=path)
    return os.path.join(os.path.dirname(os.path.abspath(path)), root), [str(name) for name in names]


def _by_file_name(paths: Sequence[str | None]) -> Mapping[str, list[tuple[int, tuple[str, ...]]]]:
    found: dict[str, list[tuple[int, tuple[str, ...]]]] = defaultdict(list)
    for index, path in enumerate(paths):
        if path:
            parts = PurePosixPath(path.replace("\\", "/")).parts
            found[parts[-1] if parts else ""].append((index, parts))
    return found


def _ends_with(parts: tuple[str, ...], name: str) -> bool:
    """Whether the last parts of a path are those of a name of two parts or more."""
    wanted = PurePosixPath(name).parts
    return len(wanted) > 1 and parts[-len(wanted) :] == wanted


def paths_of(records: Any, count: int) -> list[str | None]:
    """Return the path of each record, None for those without."""
    paths = (records[index].get("img_path") for index in range(count))
    return [path if isinstance(path, str) else None for path in paths]
