"""Finding images like a given one."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

import torch
from torch import Tensor

from mmpretrain import checkpoints
from mmpretrain.apis.base import BaseInferencer
from mmpretrain.apis.inputs import InputType, in_folder
from mmpretrain.checkpoints.serialization import read_tensor
from mmpretrain.errors import ConfigError, MissingFileError, MMPretrainError, add_note
from mmpretrain.registry import DATASETS
from mmpretrain.utils.atomic import write_atomic
from mmpretrain.utils.brief import brief

if TYPE_CHECKING:
    import numpy as np

    from mmpretrain.config import Config
    from mmpretrain.models.base import BaseModel
    from mmpretrain.structures import DataSample

logger = logging.getLogger(__name__)


class Match(TypedDict):
    """An image that was found."""

    match_score: Tensor  # a number
    sample_idx: int
    sample: dict[str, Any]


class ImageRetrievalInferencer(BaseInferencer):
    """Finds the images of a collection that are most like the given ones.

    Args:
        model: A retriever, a checkpoint, the folder of a run, a config, or a name of the zoo.
        prototype: The collection: a folder, image files, a data set or its config, or a data loader.
        prototype_cache: File that keeps the features of the collection. It is made again if the collection or
            the weights are others.
        prepare_batch_size: How many images of the collection to run at once.
        pretrained: Weights, where ``model`` is a config or a name; see :class:`BaseInferencer`.
        device: Where to run; by default an accelerator if there is one.
        trust: Run the config inside of a checkpoint as code; otherwise it is data.
        **kwargs: Changes to the config of the model.

    A call takes ``topk``, the number of images to find (by default 1).

    Example:
        >>> find = ImageRetrievalInferencer('resnet50-arcface_inshop', 'shop/', prototype_cache='shop.pth')
        >>> find('shirt.jpg', topk=2)[0][0]
        {'match_score': tensor(0.9123), 'sample_idx': 3, 'sample': {'img_path': 'shop/17.jpg'}}
    """

    task = "Image Retrieval"
    postprocess_options = frozenset({"topk"})

    def __init__(
        self,
        model: BaseModel | str | os.PathLike[str],
        prototype: Any,
        prototype_cache: str | os.PathLike[str] | None = None,
        prepare_batch_size: int = 8,
        pretrained: bool | str | os.PathLike[str] | None = True,
        device: str | torch.device | None = None,
        *,
        trust: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(model, pretrained, device, trust=trust, **kwargs)
        if not callable(getattr(self.model, "matching", None)):
            raise ConfigError(
                f"{type(self.model).__name__} is no retriever",
                hint=f"Models for it: {', '.join(self.list_models()[:3])}.",
            )
        self.prototype_dataset = Collection.of(prototype)
        self.model.prototype = self._features(prototype_cache, prepare_batch_size)
        self.model.prepare_prototype()

    def _features(self, cache: str | os.PathLike[str] | None, batch_size: int) -> Tensor:
        """The features (M, C) of the collection: those in the cache, or new ones."""
        items = self.prototype_dataset
        mark = items.mark(self.model, self.config)
        if cache is not None and Path(cache).is_file():
            stored = _read_cache(Path(cache), mark, len(items))
            if stored is not None:
                return stored
        numbers: Any = range(len(items))
        answers = list(_Encoder(self).stream(numbers, batch_size=batch_size))
        bad = [answer.error for answer in answers if answer.error is not None]
        if bad:
            raise add_count(bad[0], len(bad), len(items))
        features = torch.stack([answer.result for answer in answers])
        if cache is not None:
            checkpoints.save(features, os.fspath(cache))
            write_atomic(_side(Path(cache)), lambda file: file.write(json.dumps({"mark": mark}).encode()))
            logger.info("The features of %d images are kept in %s", len(items), cache)
        return features

    def save_prototype(self, path: str | os.PathLike[str]) -> None:
        """Save the features of the collection, (M, C)."""
        self.model.dump_prototype(os.fspath(path))

    def postprocess(self, samples: Sequence[DataSample], topk: int = 1, **kwargs: Any) -> list[list[Match]]:
        """Return the best matches for each image, the best first."""
        if topk < 1:
            raise ConfigError(f"topk must be at least 1, got {topk!r}", key="topk")
        return [self._matches(sample, topk) for sample in samples]

    def _matches(self, sample: DataSample, topk: int) -> list[Match]:
        scores, numbers = sample.pred_score.cpu().topk(min(topk, len(self.prototype_dataset)))
        return [
            Match(match_score=score, sample_idx=number, sample=self.prototype_dataset[number])
            for score, number in zip(scores.unbind(), numbers.tolist())
        ]

    def visualize(
        self,
        images: Sequence[InputType],
        samples: Sequence[DataSample],
        names: Sequence[str],
        show: bool = False,
        show_dir: str | os.PathLike[str] | None = None,
        wait_time: float = 0,
        draw_score: bool = True,
        resize: int | None = 224,
        draw_topk: int = 3,
    ) -> list[np.ndarray]:
        """Put each image beside those that were found for it.

        Args:
            images: The inputs.
            samples: Their predictions.
            names: File names of the pictures.
            show: Show each picture in a window.
            show_dir: Folder to save the pictures in.
            wait_time: Seconds to show a picture.
            draw_score: Whether to write the scores.
            resize: Height of the pictures.
            draw_topk: How many of the found images to draw.

        Returns:
            The pictures, each ``(H, W, 3)``, RGB.
        """
        return self._draw(
            "visualize_image_retrieval",
            images,
            samples,
            names,
            show_dir,
            prototype_dataset=self.prototype_dataset,
            topk=draw_topk,
            draw_score=draw_score,
            resize=resize,
            show=show,
            wait_time=wait_time,
        )


class _Encoder(BaseInferencer):
    """Features of the images of a collection, which are its inputs by their numbers."""

    def __init__(self, owner: ImageRetrievalInferencer) -> None:
        items, prepare = owner.prototype_dataset, owner.prepare
        self.model, self.config = owner.model, owner.config
        self.prepare: Any = lambda number, _: (
            items.packed(number) or prepare(items[number]["img_path"], number)
        )

    def forward(self, batch: dict[str, list[Any]], **kwargs: Any) -> Sequence[Tensor]:
        inputs = self.model.data_preprocessor(batch, False)["inputs"]
        features = self.model.extract_feat(inputs)
        features = features if isinstance(features, Tensor) else features[-1]
        return list(features.cpu().unbind())

    def postprocess(self, samples: Sequence[Any], **kwargs: Any) -> list[Any]:
        return list(samples)


class Collection(Sequence[dict[str, Any]]):
    """The images to find.

    Args:
        records: A dict with ``img_path`` for each.
        dataset: A data set that prepares them itself.
    """

    def __init__(self, records: list[dict[str, Any]], dataset: Any = None) -> None:
        self.records, self.dataset = records, dataset

    @classmethod
    def of(cls, prototype: Any) -> Collection:
        """Make a collection of a folder, a list of image files, a data set or its config, or a data loader.

        Raises:
            ConfigError: If it is none of these, or empty.
            DataError: If a folder holds no images.
            MissingFileError: If there is no such folder.
        """
        if isinstance(prototype, (str, os.PathLike)):
            if not Path(prototype).is_dir():
                raise MissingFileError(f"there is no folder {os.fspath(prototype)!r}", key="prototype")
            return cls([{"img_path": path} for path in in_folder(Path(prototype))])
        dataset = getattr(prototype, "dataset", prototype)
        if isinstance(dataset, Mapping):
            settings = dataset.get("dataset", dataset)
            dataset = DATASETS.build({"pipeline": [], **settings})
        if callable(getattr(dataset, "get_data_info", None)):
            records = [dict(dataset.get_data_info(number)) for number in range(len(dataset))]
            own = dataset if len(getattr(dataset, "pipeline", ())) else None
        else:
            listed = dataset if isinstance(dataset, Iterable) else ()
            records = [
                {"img_path": os.fspath(path)} for path in listed if isinstance(path, (str, os.PathLike))
            ]
            own = None
        if not records or any("img_path" not in record for record in records):
            raise ConfigError(
                "prototype is a folder, image files, a data set of files or its config, and not "
                f"{brief(prototype)}",
                key="prototype",
            )
        return cls([{k: v for k, v in record.items() if k != "sample_idx"} for record in records], own)

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, number: Any) -> Any:
        """Return the record of an image."""
        return dict(self.records[number])

    def packed(self, number: int) -> dict[str, Any] | None:
        """What the data set makes of an image, if it has a pipeline."""
        return None if self.dataset is None else self.dataset[number]

    def mark(self, model: Any, config: Config) -> str:
        """A number that changes with the weights, the pipeline, and the files of the collection."""
        digest = hashlib.sha256(repr(config.get("test_dataloader")).encode())
        for key, value in model.image_encoder.state_dict().items():
            digest.update(f"{key} {tuple(value.shape)} {float(value.double().sum()):.9g}".encode())
        for record in self.records:
            path = record["img_path"]
            digest.update(path.encode())
            if os.path.isfile(path):
                stat = os.stat(path)
                digest.update(f"{stat.st_size} {stat.st_mtime_ns}".encode())
        return digest.hexdigest()


def _side(cache: Path) -> Path:
    """The file beside a cache of features that identifies the images and the model they are from."""
    return cache.with_name(f"{cache.name}.json")


def _read_cache(path: Path, mark: str, count: int) -> Tensor | None:
    """The features in a cache, if they are of this collection and these weights."""
    features = read_tensor(path)
    try:
        stored = json.loads(_side(path).read_text(encoding="utf-8")).get("mark")
    except FileNotFoundError:  # 1.x keeps features only: they are taken if their number is right
        stored = mark
    except (OSError, ValueError, AttributeError, RecursionError):
        stored = None
    if stored == mark and features.ndim == 2 and len(features) == count:
        return features
    logger.warning("%s has the features of other images or weights: they are made again", path)
    return None


def add_count(error: MMPretrainError, bad: int, count: int) -> MMPretrainError:
    """Say in an error how many images of a collection are like that."""
    if bad > 1:
        add_note(error, f"{bad} of the {count} images of the collection cannot be used.")
    return error
