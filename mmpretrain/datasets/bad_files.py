"""Recording images that could not be read."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Literal

from mmpretrain.utils.logging import going_on_without

OnError = Literal["raise", "skip", "replace"]

logger = logging.getLogger(__name__)
_reported: set[str] = set()
#: How far each list has been read, and the names in that part of it.
_read_to: dict[str, int] = {}
_listed: defaultdict[str, set[bytes]] = defaultdict(set)


def report_bad_file(
    error: Exception, record: Mapping[str, Any], listing: str | None, *, quiet: bool = False
) -> None:
    """Warn of an unreadable image once per process, and add it to the list if it is not there.

    Args:
        error: Why it cannot be read.
        record: The sample.
        listing: File to which ``path<tab>reason`` is added; workers and ranks may share it.
        quiet: Add it to the list only.
    """
    name = str(record.get("img_path", f"sample {record.get('sample_idx')}"))
    if name in _reported:
        return
    _reported.add(name)
    reason = " ".join(str(getattr(error, "message", error)).split())
    logger.log(logging.DEBUG if quiet else logging.WARNING, "Left out %s: %s", name, reason)
    if listing:
        line = f"{name}\t{reason}\n".encode("utf-8", "surrogateescape")
        with going_on_without(listing), open(listing, "ab+", buffering=0) as file:
            file.seek(_read_to.get(listing, 0))
            # Lines of other workers and epochs, and from before a resumption.
            _listed[listing].update(other.partition(b"\t")[0] for other in file.read().splitlines())
            _read_to[listing] = file.tell()
            if line.partition(b"\t")[0] not in _listed[listing]:
                file.write(line)  # one short write in append mode: lines of several processes do not mix
