"""Opening a model to judge its features."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch

from mmpretrain.apis.model import open_model
from mmpretrain.apis.prepare import loading_step
from mmpretrain.config import sizes
from mmpretrain.config.wrapped import innermost
from mmpretrain.engine.runner.loader_build import build_dataloader
from mmpretrain.errors import ConfigError
from mmpretrain.evaluation.features import FeatureBank, Pool, collect_features
from mmpretrain.registry import MODELS
from mmpretrain.utils.progress import track

if TYPE_CHECKING:
    from mmpretrain.models.base import BaseModel

logger = logging.getLogger(__name__)


class DatasetFeatures:
    """A model, the stages of its backbone that are wanted, and how images are prepared for it.

    Args:
        model: A model, or what :func:`~mmpretrain.apis.open_model` takes: a checkpoint, the folder of a run,
            a config, a name of the zoo.
        checkpoint: Weights, where ``model`` is a config; False for random ones.
        stages: Outputs of the backbone by number, negative ones from the end; ``'last'`` for what the config
            says, ``'all'`` for all.
        pool: How tokens become one vector, see :func:`pooled`.
        image_size: Edge of the square images; by default that of the config's pipeline.
        device: Where to run.

    Example:
        >>> extractor = DatasetFeatures('work_dirs/mae', stages='all')
        >>> bank = extractor({'type': 'CustomDataset', 'data_root': 'photos/'})
    """

    def __init__(
        self,
        model: BaseModel | str | os.PathLike[str],
        checkpoint: bool | str | os.PathLike[str] | None = None,
        stages: str | Sequence[int] = "last",
        pool: Pool = "auto",
        image_size: int | None = None,
        device: str | torch.device | None = None,
    ) -> None:
        is_model = isinstance(model, torch.nn.Module)
        self.model: Any = model if is_model else open_model(model, checkpoint, device, features=True)
        self.config: Any = getattr(self.model, "_config", None) or {}
        if getattr(self.model, "backbone", None) is None and not hasattr(self.model, "extract_feat"):
            raise ConfigError(f"{type(self.model).__name__} has no backbone whose features could be judged")
        self.stages = self._choose(stages)
        self.pool: Pool = pool
        self.image_size = image_size or sizes.image_size(self.config)

    def _choose(self, stages: str | Sequence[int]) -> list[int]:
        """Let the backbone put out the wanted stages; return their numbers."""
        backbone = getattr(self.model, "backbone", None)
        key: str = getattr(backbone, "output_key", "out_indices")
        first: int = getattr(backbone, "first_output", 0)
        own = list(getattr(backbone, key, [first])) if key else [first]
        if stages == "last":
            return own
        count = getattr(backbone, "num_outputs", 1)
        wanted = range(first, first + count) if stages == "all" else stages
        if isinstance(wanted, str) or not all(-count <= i < 0 or first <= i < first + count for i in wanted):
            raise ConfigError(
                f"{type(backbone or self.model).__name__} has no stages {stages!r}",
                where="--stage",
                hint=f"Say last, all, or numbers from {first} to {first + count - 1}.",
            )
        chosen = [i if i >= 0 else first + count + i for i in wanted]
        if chosen != own:
            self.model.backbone = self._with_outputs(key, chosen)
        return chosen

    def _with_outputs(self, key: str, stages: Sequence[int]) -> Any:
        """The backbone, built again to put out other stages, with its weights."""
        old = self.model.backbone
        cfg = (self.config.get("model") or {}).get("backbone")
        if not isinstance(cfg, Mapping) or not hasattr(old, key):
            raise ConfigError(
                f"{type(old).__name__} cannot put out other stages",
                where="--stage",
                hint="Leave out --stage.",
            )
        new = MODELS.build({**cfg, key: list(stages), "init_cfg": None})
        known = {k: v for k, v in old.state_dict().items() if k in new.state_dict()}
        fitting = {k: v for k, v in known.items() if v.shape == new.state_dict()[k].shape}
        new.load_state_dict(fitting, strict=False)
        return new.to(next(old.parameters()).device).eval()

    def pipeline(self) -> list[dict[str, Any]]:
        """How an image file is prepared: loaded as the config says, resized, cropped at its centre."""
        size = self.image_size
        return [
            loading_step(self.config),
            {"type": "ResizeEdge", "scale": round(size * 8 / 7), "edge": "short", "backend": "pillow"},
            {"type": "CenterCrop", "crop_size": size},
            {"type": "PackInputs"},
        ]

    def loader(self, dataset: Mapping[str, Any], batch_size: int = 64, workers: int = 2) -> dict[str, Any]:
        """Config of a data loader that yields each image of a data set once, in order.

        Args:
            dataset: Config of the data set, perhaps in a wrapper; its pipeline is :meth:`pipeline`.
            batch_size: Images in a batch.
            workers: Number of data workers.
        """
        dataset = {**dataset}
        innermost(dataset)["pipeline"] = self.pipeline()
        return {
            "dataset": dataset,
            "batch_size": batch_size,
            "num_workers": workers,
            "sampler": {"type": "DefaultSampler", "shuffle": False, "round_up": False},
            "collate_fn": {"type": "default_collate"},
        }

    def __call__(
        self, dataset: Mapping[str, Any], batch_size: int = 64, workers: int = 2, title: str = "features"
    ) -> FeatureBank:
        """Compute the features of a data set in one pass."""
        loader = build_dataloader(self.loader(dataset, batch_size, workers))
        return collect_features(self.model, track(loader, title), self.pool, loader.dataset)
