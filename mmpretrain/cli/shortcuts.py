"""Short options for the settings that people change most, in addition to ``--cfg-options``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mmpretrain.errors import ConfigError

if TYPE_CHECKING:
    from mmpretrain.config import Config

Epochs = Annotated[int | None, typer.Option(metavar="N", min=1, help="Train so many epochs.")]
BatchSize = Annotated[
    int | None, typer.Option("--batch-size", metavar="N", min=1, help="Images in a batch of each process.")
]
LearningRate = Annotated[float | None, typer.Option("--lr", metavar="RATE", min=0, help="The learning rate.")]
Device = Annotated[str | None, typer.Option("--device", metavar="DEVICE", help="Such as cpu or cuda:1.")]
Workers = Annotated[
    int | None, typer.Option("--workers", metavar="N", min=0, help="Data workers of each process.")
]

Cache = Annotated[
    Literal["ram", "disk"] | None,
    typer.Option(help="Decode images once: keep them in shared memory, or in a file for later runs."),
]
CacheSize = Annotated[
    str | None,
    typer.Option("--cache-size", metavar="SIZE", help="Room for them, such as 8GB; half of what is free."),
]
LoaderMode = Annotated[
    Literal["auto"] | None,
    typer.Option("--loader", help="auto: find the fastest number of data workers in the first seconds."),
]


@dataclass(frozen=True)
class Loading:
    """How samples are loaded; the samples stay the same.

    Attributes:
        loader: ``'auto'`` lets the training loader find its own settings.
        cache: Where decoded images are kept: ``'ram'``, ``'disk'``, or nowhere.
        cache_size: How much room they may take.
    """

    loader: str | None = None
    cache: str | None = None
    cache_size: str | None = None

    def __post_init__(self) -> None:
        if self.cache_size is not None and self.cache is None:
            raise ConfigError(
                "this is the size of a cache, and none is asked for",
                where="--cache-size",
                hint="Add --cache ram.",
            )

    def apply(self, cfg: Config, splits: tuple[str, ...]) -> None:
        """Set it in a config, for these splits."""
        from mmpretrain.cli import overrides

        if self.cache is not None:
            overrides.set_cache(cfg, self.cache, self.cache_size, splits)
        if self.loader == "auto":
            overrides.tune_loader(cfg)


def apply(
    cfg: Config,
    splits: tuple[str, ...],
    *,
    epochs: int | None = None,
    batch_size: int | None = None,
    lr: float | None = None,
    device: str | None = None,
    workers: int | None = None,
) -> None:
    """Set what the options say; errors and ``config explain`` name the option as the place.

    Args:
        cfg: The config.
        splits: The splits whose data loaders are used.
        epochs: Becomes ``train_cfg.max_epochs``.
        batch_size: Of these data loaders.
        lr: Becomes ``optim_wrapper.optimizer.lr``.
        device: Where to run.
        workers: Of these data loaders.

    Raises:
        ConfigError: If the config has no such setting.
    """
    from mmpretrain.config.source import Source

    def change(option: str, key: str, value: object) -> None:
        cfg.merge_from_dict({key: value}, source=Source(option))

    if epochs is not None:
        loop = cfg.get("train_cfg") or {}
        if not loop.get("by_epoch", "max_iters" not in loop) or "max_iters" in loop:
            raise ConfigError(
                "the training loop of this config counts iterations",
                where="--epochs",
                hint="Use --cfg-options train_cfg.max_iters=N.",
            )
        change("--epochs", "train_cfg.max_epochs", epochs)
    if lr is not None:
        if "lr" not in ((cfg.get("optim_wrapper") or {}).get("optimizer") or {}):
            raise ConfigError("the config has no optim_wrapper.optimizer.lr", where="--lr")
        change("--lr", "optim_wrapper.optimizer.lr", lr)
    for split in splits:
        if cfg.get(f"{split}_dataloader") is None:
            continue
        if batch_size is not None:
            change("--batch-size", f"{split}_dataloader.batch_size", batch_size)
        if workers is not None:
            change("--workers", f"{split}_dataloader.num_workers", workers)
    if device is not None:
        change("--device", "device", device)
