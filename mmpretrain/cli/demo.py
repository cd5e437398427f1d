"""``mmpretrain demo``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from mmpretrain.cli.say import shown
from mmpretrain.errors import ConfigError


def demo(
    work_dir: Annotated[Path, typer.Option(metavar="DIR", help="Where to write everything.")] = Path(
        "work_dirs/demo"
    ),
) -> None:
    """Train, test and predict on real handwritten digits, in about a minute on two CPU cores.

    Nothing is downloaded: 1,797 digits ship with the package. Each step is its own command.

    Example: `mmpretrain demo`
    """
    # LeNet is too small for several threads, which would only wait for one another. Read when torch starts.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    from mmpretrain.apis import ImageClassificationInferencer
    from mmpretrain.cli import demo_data, predict, test, train
    from mmpretrain.cli.options import load_config

    _announce(1, f"mmpretrain train lenet5_digits --work-dir {work_dir}")
    cfg = load_config("lenet5_digits", None, str(work_dir))
    train.prepare(cfg)
    runner = train.run(cfg, summary=False)
    checkpoint = runner.state.best_checkpoint
    if checkpoint is None:
        raise ConfigError("the training kept no best checkpoint")

    _announce(2, f"mmpretrain test lenet5_digits {shown(checkpoint)}")
    cfg = load_config("lenet5_digits", None, str(work_dir))
    cfg.load_from = str(checkpoint)
    test.prepare(cfg)
    metrics = test.run(cfg)

    digits = work_dir / "digits"
    _announce(3, f"mmpretrain demo-data digits {digits}")
    demo_data.write_digits(digits)
    image = sorted((digits / "val" / "7").iterdir())[0]

    pictures = work_dir / "predictions"
    _announce(4, f"mmpretrain predict {image} --model {shown(checkpoint)} --show-dir {pictures}")
    inferencer = ImageClassificationInferencer(checkpoint)
    rows, bad = predict.predict_files(inferencer, [image], top_k=1, batch_size=1, show_dir=pictures)
    if bad:
        raise bad[0]
    predict.print_table(rows)

    train.print_results(
        "The demo is done",
        {
            "accuracy": f"{metrics['accuracy/top1']:.2f} % of 355 held-out digits",
            "checkpoint": shown(checkpoint),
            "log": shown(runner.state.log_path or ""),
            "picture": pictures / f"{image.stem}.png",
        },
        [
            f"mmpretrain predict {digits}/val --model {work_dir} --out csv",
            f"mmpretrain train lenet5_digits-folder --data {digits}",
            "mmpretrain doctor",
        ],
    )


def _announce(step: int, command: str) -> None:
    typer.secho(f"\n[{step}/4] {command}", bold=True)
