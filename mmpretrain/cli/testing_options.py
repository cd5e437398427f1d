"""The options of ``mmpretrain test``."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import typer


class OutItem(str, Enum):
    """What ``--out`` saves."""

    metrics = "metrics"
    pred = "pred"


Checkpoint = Annotated[
    str | None,
    typer.Argument(
        metavar="CKPT",
        help="A checkpoint: path, URL, the folder of a run (its best one), a zoo name; by default that "
        "of the config's own work folder.",
    ),
]
Out = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="Save results: .json, .yaml or .pkl, as the suffix says."),
]
OutItemOption = Annotated[
    OutItem | None,
    typer.Option(
        help="What to save: the metrics, or every prediction (.pkl); by default the suffix decides."
    ),
]
Metrics = Annotated[
    list[str] | None, typer.Option(metavar="NAME...", help="Metrics instead of the config's.")
]
MetricOptions = Annotated[
    list[str] | None,
    typer.Option(metavar="KEY=VALUE...", help="Options of --metrics, as in 0.x: topk=1."),
]
ShowDir = Annotated[str | None, typer.Option(metavar="DIR", help="Save pictures of the predictions there.")]
Show = Annotated[bool, typer.Option("--show", help="Show pictures of the predictions.")]
Interval = Annotated[int, typer.Option(help="Draw every N-th picture.")]
WaitTime = Annotated[float, typer.Option(help="Seconds to show a picture.")]
Page = Annotated[
    bool, typer.Option("--report/--no-report", help="Write report.html into the folder of the run.")
]
NoPinMemory = Annotated[bool, typer.Option("--no-pin-memory", help="Do not pin host memory.")]
TestTimeAugmentation = Annotated[bool, typer.Option("--tta", help="Use test-time augmentation.")]
