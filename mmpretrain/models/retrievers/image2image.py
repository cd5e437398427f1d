"""From an image to similar images."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader

from mmpretrain.checkpoints.serialization import read_tensor, save
from mmpretrain.errors import ArgumentError, ConfigError
from mmpretrain.models.classifiers.image import classification_preprocessor
from mmpretrain.models.heads.base import last_stage, with_predictions
from mmpretrain.models.retrievers.base import BaseRetriever, Prototype
from mmpretrain.registry import MODELS, RUNNERS
from mmpretrain.structures import DataSample
from mmpretrain.utils.dist import all_reduce
from mmpretrain.utils.foreign import refuse_foreign
from mmpretrain.utils.progress import track

Similarity = Callable[[Tensor, Tensor], Tensor]


def cosine_similarity(queries: Tensor, items: Tensor) -> Tensor:
    """Compare each of (N, C) with each of (M, C): (N, M)."""
    return F.normalize(queries) @ F.normalize(items).T


SIMILARITIES: dict[str, Similarity] = {"cosine_similarity": cosine_similarity}


@MODELS.register_module()
class ImageToImageRetriever(BaseRetriever):
    """Finds images by the similarity of features; with a head it can be trained.

    Predictions have the similarity of each item as ``pred_score`` and items, best first, as ``pred_label``.

    Args:
        image_encoder: The network for features, or its config, or a list of configs.
        prototype: The items to search: their features (M, C), a file of them, or a data loader (or its
            config) of the images, whose ``sample_idx`` number the items.
        head: The head for training, or its config.
        pretrained: Checkpoint to initialise from.
        similarity_fn: A function that compares (N, C) with (M, C), or the name of one.
        train_cfg: Batch augmentation in training: ``dict(augments=[...], probs=[...])``.
        data_preprocessor: By default a ``ClsDataPreprocessor``.
        topk: How many items to give as ``pred_label``; -1 for all.
        init_cfg: How the weights are initialised.
        freeze: Freeze the parameters whose name this regular expression finds.
    """

    prototype_vecs: Tensor

    def __init__(
        self,
        image_encoder: dict | list[dict] | nn.Module,
        prototype: Prototype,
        head: dict | nn.Module | None = None,
        pretrained: str | None = None,
        similarity_fn: str | Similarity = "cosine_similarity",
        train_cfg: dict | None = None,
        data_preprocessor: dict | nn.Module | None = None,
        topk: int = -1,
        init_cfg: dict | list[dict] | None = None,
        *,
        freeze: str | None = None,
    ) -> None:
        if not isinstance(prototype, (str, Tensor, Mapping, DataLoader)):
            raise ConfigError(
                f"prototype must be a tensor, a file name, a data loader or its config, got {prototype!r}"
            )
        if pretrained is not None:
            init_cfg = {"type": "Pretrained", "checkpoint": pretrained}
        preprocessor = classification_preprocessor(data_preprocessor, train_cfg)
        super().__init__(prototype, preprocessor, init_cfg, freeze=freeze)
        self.image_encoder: nn.Module = MODELS.build(image_encoder)
        self.head: Any = MODELS.build(head) if head is not None else None
        self.similarity = similarity_fn
        self.topk = topk
        self.freeze_declared(__class__)

    @property
    def similarity_fn(self) -> Similarity:
        """The function that compares features."""
        if callable(self.similarity):
            return self.similarity
        if self.similarity not in SIMILARITIES:
            raise ConfigError(
                f"similarity_fn must be a function or 'cosine_similarity', got {self.similarity!r}",
                key="similarity_fn",
            )
        return SIMILARITIES[self.similarity]

    def forward(
        self,
        inputs: Tensor,
        data_samples: list[DataSample] | None = None,
        mode: Literal["tensor", "loss", "predict"] = "tensor",
    ) -> Any:
        """Run the network.

        Args:
            inputs: (B, C, H, W).
            data_samples: Ground truth, needed for ``'loss'``.
            mode: ``'tensor'`` for features, ``'loss'`` for losses by name, ``'predict'`` for data samples
                with predictions.
        """
        if mode == "tensor":
            return self.extract_feat(inputs)
        if mode == "loss":
            return self.loss(inputs, data_samples or [])
        if mode == "predict":
            return self.predict(inputs, data_samples)
        raise ArgumentError(f"mode must be 'tensor', 'loss' or 'predict', got {mode!r}")

    def extract_feat(self, inputs: Tensor) -> Any:
        """Return the output of the encoder."""
        return self.image_encoder(inputs)

    def loss(self, inputs: Tensor, data_samples: list[DataSample]) -> dict[str, Tensor]:
        """Return the losses of a batch by name."""
        if self.head is None:
            raise ConfigError(
                "This retriever has no head: it cannot be trained", hint="Set model.head.", key="head"
            )
        return self.head.loss(self.extract_feat(inputs), data_samples)

    def predict(
        self, inputs: Tensor, data_samples: Sequence[DataSample | None] | None = None, **kwargs: Any
    ) -> list[DataSample]:
        """Return data samples with ``pred_score`` (M,) and ``pred_label`` (topk,)."""
        if not self.prototype_inited:
            self.prepare_prototype()
        result = self.matching(last_stage(self.extract_feat(inputs)))
        labels = result["pred_label"]
        return with_predictions(
            data_samples, result["score"], labels if self.topk == -1 else labels[:, : self.topk]
        )

    def matching(self, inputs: Tensor) -> dict[str, Tensor]:
        """Compare features (B, C) with the items.

        Returns:
            ``score`` in the order of the items, ``pred_score`` sorted, and the items in that order as
            ``pred_label``; each (B, M).
        """
        score = self.similarity_fn(inputs, self.prototype_vecs)
        ordered, items = score.sort(dim=-1, descending=True)
        return {"score": score, "pred_label": items, "pred_score": ordered}

    @torch.no_grad()
    def prepare_prototype(self) -> None:
        """Get the features of the items (M, C) as :attr:`prototype_vecs`."""
        if isinstance(self.prototype, Tensor):
            features = self.prototype
        elif isinstance(self.prototype, str):
            refuse_foreign(self.prototype, "is read as prototypes")
            features = read_tensor(self.prototype)
        else:
            settings = self.prototype if isinstance(self.prototype, Mapping) else {}
            dataset = settings.get("dataset")
            if isinstance(dataset, Mapping):
                refuse_foreign(dataset.get("type"), "is read as prototypes")
            runner: Any = RUNNERS.get("Runner")
            features = self._encode(runner.build_dataloader(self.prototype))
        device = next(self.image_encoder.parameters()).device
        self.register_buffer("prototype_vecs", features.to(device), persistent=False)
        self.prototype_inited = True

    def _encode(self, loader: DataLoader) -> Tensor:
        was_training = self.training
        self.eval()
        features, counts = torch.empty(0), torch.zeros(len(loader.dataset), 1)  # type: ignore[arg-type]
        for batch in track(loader, "Prepare prototype"):
            encoded = last_stage(self(**self.data_preprocessor(batch, False))).cpu()
            if not len(features):
                features = torch.zeros(len(counts), encoded.shape[-1])
            items = [sample.sample_idx for sample in batch["data_samples"]]
            features[items], counts[items] = encoded, torch.ones(len(items), 1)
        self.train(was_training)
        # A sampler may give an item to two processes, to keep them all busy.
        return all_reduce(features) / all_reduce(counts).clamp(min=1)

    def dump_prototype(self, path: str) -> None:
        """Save the features of the items."""
        if not self.prototype_inited:
            self.prepare_prototype()
        save(self.prototype_vecs, path)
