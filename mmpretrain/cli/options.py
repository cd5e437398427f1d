"""Options that several commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mmpretrain.utils.resources import find_config

if TYPE_CHECKING:
    from mmpretrain.config import Config

ConfigArgument = Annotated[
    str, typer.Argument(metavar="CONFIG|NAME", help="A config file, or the name of a config of the zoo.")
]
CfgOptions = Annotated[
    list[str] | None,
    typer.Option(
        metavar="KEY=VALUE...",
        help="Override settings: `--cfg-options train_cfg.max_epochs=3 model.head.topk='(1,5)'`.",
    ),
]
WorkDir = Annotated[
    str | None, typer.Option(metavar="DIR", help="Where to write; `./work_dirs/<config name>` by default.")
]
Amp = Annotated[bool, typer.Option("--amp", help="Use automatic mixed precision.")]
Launcher = Annotated[str, typer.Option(help="How processes were started: none, pytorch, slurm or mpi.")]
LocalRank = Annotated[int, typer.Option("--local-rank", hidden=True)]


def load_config(name: str, cfg_options: list[str] | None, work_dir: str | None = None) -> Config:
    """Load the config of a run: the file, the options, and the work folder, in the old tools' order."""
    from mmpretrain.config import Config, parse_options

    path = find_config(name)
    cfg = Config.fromfile(path)
    if cfg_options:
        cfg.merge_from_dict(parse_options(cfg_options))
    if work_dir is not None:
        cfg.work_dir = work_dir
    elif cfg.get("work_dir") is None:
        cfg.work_dir = f"./work_dirs/{path.stem}"
    return cfg
