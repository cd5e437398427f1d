"""How images are read and normalised that are no pictures of 8 bits: many bands, 16 bits, floats, arrays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mmpretrain.datasets.encoded import EncodedDataset
from mmpretrain.datasets.fingerprints import Fingerprints
from mmpretrain.datasets.labelled import Labelled
from mmpretrain.datasets.places import root_of
from mmpretrain.datasets.preflight_channels import channels_wanted
from mmpretrain.datasets.transforms.functional.as_is import Numbers, read_as_is
from mmpretrain.datasets.transforms.functional.raw import to_range
from mmpretrain.errors import ConfigError, DataError
from mmpretrain.finetuning.libraries import LIBRARIES
from mmpretrain.finetuning.start import Start
from mmpretrain.utils.fileio import read_bytes

#: Images of another kind than most are left out; with more than this share of them, it is an error.
FOREIGN = 0.2
#: So many images are measured, and so many pixels of each.
MEASURED, PIXELS = 200, 4096
#: Percent of the numbers of a channel that may lie below what becomes 0, and above what becomes 255.
CUT = 0.1
#: Floats within these limits have a usual scale.
UNIT = (0.0, 1.0)
#: The least standard deviation of a channel, in grey levels: one that is the same everywhere tells nothing.
LEAST_SPREAD = 1.0


@dataclass(frozen=True)
class Reading:
    """How images are read and normalised.

    Attributes:
        kind: What most of the files hold.
        load: Arguments of ``LoadImageFromFile``.
        mean, std: Of each channel of the training images, after reading; None to keep those of the model.
        in_order: Whether channels come in the order of the file, such as red, green, blue.
    """

    kind: Numbers
    load: dict[str, Any]
    mean: tuple[float, ...] | None
    std: tuple[float, ...] | None
    in_order: bool

    def __str__(self) -> str:
        low, high = self.load.get("value_range", (0, 255))
        return f"{self.kind}, {low:g} to {high:g}"


def common_kind(prints: Fingerprints) -> Numbers | None:
    """Return what most of the images are; None for pictures of 8 bits.

    Where there are such pictures, and the others can be read with 8 bits as well, they are.

    Args:
        prints: Fingerprints of the images.
    """
    kinds = list(prints.numbers.values())
    pictures = len(prints) - len(prints.errors) - len(kinds)
    if not kinds or (pictures and all(kind.as_picture for kind in kinds)):
        return None
    by_channels = Counter(kind.channels for kind in kinds)
    channels, count = by_channels.most_common(1)[0]
    if pictures >= count:
        return None
    chosen = [kind for kind in kinds if kind.channels == channels]
    dtype = Counter(kind.dtype for kind in chosen).most_common(1)[0][0]
    readers = {kind.reader for kind in chosen}
    # OpenCV reads several formats, but TIFF of few channels only.
    reader = "cv2" if "cv2" in readers else "tifffile" if "tifffile" in readers else "array"
    return Numbers(channels, dtype, reader)


def foreign(prints: Fingerprints, kind: Numbers | None) -> dict[int, str]:
    """Return which images cannot be read as the others are, and why.

    Args:
        prints: Fingerprints of the images.
        kind: What the others are; None for pictures of 8 bits.
    """
    found: dict[int, str] = {}
    usual = "8 bits of grey or colour" if kind is None else str(kind)
    for index in range(len(prints)):
        own = prints.numbers.get(index)
        fits = kind is None if own is None else own.as_picture if kind is None else _reads_alike(own, kind)
        if not fits and index not in prints.errors:
            found[index] = f"It has {own or '8 bits of grey or colour'}, and most images {usual}"
    return found


def _reads_alike(own: Numbers, kind: Numbers) -> bool:
    """Whether one setting reads both: tifffile reads TIFF, OpenCV the rest, and each of them arrays."""
    alike = own.reader == kind.reader or own.reader == "array" or (kind.reader == "cv2" and own.channels < 5)
    return own.channels == kind.channels and alike


def require_one_kind(names: Sequence[str], odd: Mapping[int, str]) -> None:
    """Refuse data of which a good part is of another kind than the rest.

    Args:
        names: Names of all images.
        odd: Which are of another kind, and why.

    Raises:
        DataError: If they are too many.
    """
    if len(odd) > FOREIGN * len(names):
        first = min(odd)
        raise DataError(
            f"the images are of several kinds: {len(odd)} of {len(names)} differ from most. {odd[first]}",
            where=names[first],
            hint="Train on images of one kind, or convert them.",
        )


def measure(
    part: Labelled, kind: Numbers, watch: Callable[[Iterable[int], str, int], Iterable[int]]
) -> Reading:
    """Choose how images are read, by the numbers in them.

    Numbers are mapped to 0 to 255: bytes stay, floats from 0 to 1 are multiplied. Of others, 0 and 255 are
    the smallest and the largest value, leaving out the outermost 0.1 % of each channel at either end. Then
    each channel is normalised by its mean and deviation.

    Args:
        part: The images to train on, all of one kind.
        kind: What they are.
        watch: Shows how far it is.
    """
    in_order = kind.reader != "cv2"
    load: dict[str, Any] = {"color_type": "unchanged"}
    if kind.reader == "tifffile":
        load["imdecode_backend"] = "tifffile"
    if kind.dtype == "uint8" and kind.channels == 3:
        return Reading(kind, load, None, None, in_order)
    chosen = np.unique(np.linspace(0, len(part) - 1, min(len(part), MEASURED)).astype(int)).tolist()
    dataset = part.build()
    some = [_pixels(dataset, index) for index in watch(chosen, "measure images", len(chosen))]
    values = np.concatenate(some).astype(np.float32)
    if kind.dtype != "uint8":
        low, high = _range_of(values)
        load["value_range"] = [low, high]
        values = to_range(values, low, high)
    if kind.channels == 3 and not in_order:  # as the data preprocessor does before it normalises
        values = values[:, ::-1]
    mean = tuple(round(float(one), 3) for one in values.mean(0, np.float64))
    std = tuple(round(max(float(one), LEAST_SPREAD), 3) for one in values.std(0, dtype=np.float64))
    return Reading(kind, load, mean, std, in_order)


def _pixels(dataset: Any, index: int) -> np.ndarray:
    """Some pixels of an image, (P, C)."""
    plain, inner = root_of(dataset, index)
    record = plain.get_data_info(inner)
    name = str(record["img_path"])
    data = plain.read_image(record) if isinstance(plain, EncodedDataset) else read_bytes(name)
    image, kind = read_as_is(data, name)
    flat = image.reshape(-1, kind.channels)
    return flat[:: max(1, len(flat) // PIXELS)]


def _range_of(values: np.ndarray) -> tuple[float, float]:
    """The numbers that become dark and light, of pixels (P, C)."""
    known = np.where(np.isfinite(values), values, np.nan)
    if np.isnan(known).all():
        raise DataError("the images hold no numbers that could be measured: all are NaN or infinite")
    if known.dtype.kind == "f" and np.nanmin(known) >= UNIT[0] and np.nanmax(known) <= UNIT[1]:
        return UNIT
    some = known[:, ~np.isnan(known).all(0)]  # a band may hold nothing at all
    low, high = np.nanpercentile(some, CUT, 0).min(), np.nanpercentile(some, 100 - CUT, 0).max()
    low, high = float(f"{low:.4g}"), float(f"{high:.4g}")
    return (low, high) if low < high else (low, low + 1)


def for_images(start: Start, reading: Reading | None) -> Start:
    """Return a start whose model takes the images, and normalises them.

    Args:
        start: Where fine-tuning starts from.
        reading: How the images are read; None for pictures of 8 bits.

    Raises:
        ConfigError: If the model cannot take as many channels.
    """
    if reading is None:
        return start
    channels, model = reading.kind.channels, deepcopy(start.model)
    if model["type"] in LIBRARIES:
        if channels != 3:
            _set_channels_of_library(model, channels, start.name)
    else:
        backbone = model["backbone"]
        key, wanted = channels_wanted(backbone)
        if key is None and channels != len(start.preprocessor.get("mean") or (0, 0, 0)):
            raise ConfigError(
                f"{start.name} takes no images of {channels} channels", where="MODEL",
                hint="`mmpretrain list` shows the models of the zoo, which do.",
            )  # fmt: skip
        if key is not None and wanted != channels:
            backbone[key] = channels
    own = {**start.preprocessor, "to_rgb": channels == 3 and not reading.in_order}
    if reading.mean is not None and reading.std is not None:
        own.update(mean=list(reading.mean), std=list(reading.std))
    return replace(start, model=model, preprocessor=own)


def _set_channels_of_library(model: dict[str, Any], channels: int, name: str) -> None:
    if model["type"] == "TimmClassifier":
        model["in_chans"] = channels  # timm adapts the weights itself
        return
    raise ConfigError(
        f"{name} takes images of 3 channels, and these have {channels}",
        where="MODEL",
        hint="Choose a model of the zoo or of timm.",
    )
