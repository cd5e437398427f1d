"""Which transform failed, and on which image.

An error passes through nested transforms from the innermost to the outermost. Each adds its name, and the
pipeline adds the line of the config. The result is one sentence: a :class:`TransformError` for transforms of
this package, and a note below the traceback for errors of a user's own code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mmpretrain.errors import MMPretrainError, TransformError, notes_of


@dataclass
class Trail:
    """The position of an error in a pipeline, attached to the error.

    Attributes:
        path: The image, if it is a file.
        image: The image, in words.
        names: The transforms, the innermost first.
        place: File, line and key path of the step, or its position in the pipeline.
        note: What was noted on the error so far.
        reason: What the error says without the names of transforms and image.
    """

    path: str | None
    image: str
    names: list[str] = field(default_factory=list)
    place: str | None = None
    note: str | None = None
    reason: str | None = None


def blame(error: Exception, name: str, own: bool, results: Any) -> Exception:
    """Add a transform to what an error says, and return the error to raise.

    Args:
        error: What it raised.
        name: Name of the transform.
        own: Whether the transform is one of this package, so that its errors need no traceback.
        results: The sample.
    """
    trail: Trail | None = getattr(error, "_trail", None)
    if trail is None:
        path = results.get("img_path") if isinstance(results, Mapping) else None
        trail = Trail(None if path is None else str(path), describe_sample(results))
        if own and not isinstance(error, (MMPretrainError, OSError, MemoryError)):
            cause, error = error, TransformError(_reason(error))
            error.__cause__ = cause
        if isinstance(error, MMPretrainError) and error.where is None:
            trail.reason = error.message
        error._trail = trail  # type: ignore[attr-defined]
    elif trail.path is None and isinstance(results, Mapping) and "img_path" in results:
        # A transform inside may have handed on the image alone.
        trail.path, trail.image = str(results["img_path"]), describe_sample(results)
    trail.names.append(name)
    _say(error, trail)
    return error


def locate_step(error: Exception, place: str) -> None:
    """Name the step of a pipeline that failed; the outermost pipeline decides."""
    trail: Trail | None = getattr(error, "_trail", None)
    if trail is not None:
        trail.place = place
        _say(error, trail)


def _say(error: Exception, trail: Trail) -> None:
    sentence = f"{' > '.join(reversed(trail.names))} fails on {trail.image}"
    if isinstance(error, MMPretrainError):
        if trail.reason is not None:
            error.where, error.message = trail.place, f"{sentence}: {trail.reason}"
            return
        if trail.path is not None and trail.path in (error.where or ""):
            return  # it names the image itself
    sentence = f"{trail.place}: {sentence}" if trail.place else sentence
    notes = [note for note in notes_of(error) if note != trail.note]
    error.__notes__ = [*notes, sentence]  # type: ignore[attr-defined]
    trail.note = sentence


def describe_sample(results: Any) -> str:
    """Return which sample this is, and what its image looks like, as far as that is known."""
    if not isinstance(results, Mapping):
        return f"what is no dict of results, but {type(results).__name__}"
    parts = []
    path = results.get("img_path")
    if path is not None:
        parts.append(str(path))
    if results.get("sample_idx") is not None:
        parts.append(f"(sample {results['sample_idx']})")
    img = results.get("img")
    if isinstance(img, np.ndarray):
        size = f"{img.shape[1]}x{img.shape[0]}" if img.ndim in (2, 3) else f"shape {img.shape}"
        channels = 1 if img.ndim == 2 else img.shape[-1]
        parts.append(f"[{size}, {channels} channel{'s' if channels != 1 else ''}, {img.dtype}]")
    return " ".join(parts) or "a sample without a path"


def is_own(kind: Any) -> bool:
    """Whether a class or function is part of this package."""
    return str(getattr(kind, "__module__", "")).startswith("mmpretrain.")


def _reason(error: Exception) -> str:
    """Return the last line of what an error says, after its kind if that says more."""
    lines = [line.strip(" >\t") for line in str(error).strip().splitlines() if line.strip(" >\t")]
    text = " ".join(lines[-2:]) if lines else ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
