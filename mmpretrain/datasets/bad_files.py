"""The list of images that could not be read."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Literal

from mmpretrain.utils.logging import going_on_without

OnError = Literal["raise", "skip", "replace"]

logger = logging.getLogger(__name__)
_reported: set[str] = set()


def report_bad_file(error: Exception, record: Mapping[str, Any], listing: str | None) -> None:
    """Warn of an unreadable image once per process, and add it to the list if it is not there.

    Args:
        error: Why it cannot be read.
        record: The sample.
        listing: File to which ``path<tab>reason`` is added; workers and ranks may share it.
    """
    name = str(record.get("img_path", f"sample {record.get('sample_idx')}"))
    if name in _reported:
        return
    _reported.add(name)
    reason = " ".join(str(getattr(error, "message", error)).split())
    logger.warning("Left out %s: %s", name, reason)
    if listing:
        line = f"{name}\t{reason}\n".encode("utf-8", "surrogateescape")
        with going_on_without(listing), open(listing, "ab+", buffering=0) as file:
            file.seek(0)
            known = b"\n" + file.read()  # from other workers and epochs, and from before a resumption
            if b"\n" + line.partition(b"\t")[0] + b"\t" not in known:
                file.write(line)  # one short write in append mode: lines of several processes do not mix
