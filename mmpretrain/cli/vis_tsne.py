"""``mmpretrain vis-tsne``."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from mmpretrain.cli.options import CfgOptions, ConfigArgument, WorkDir, checkpoint_in, load_config
from mmpretrain.cli.say import say
from mmpretrain.utils.text import csv_cell

if TYPE_CHECKING:
    import numpy as np

    from mmpretrain.analysis.projection import Features


def vis_tsne(
    config: ConfigArgument,
    checkpoint: Annotated[str | None, typer.Option(metavar="CKPT", help="Weights of the model.")] = None,
    work_dir: WorkDir = None,
    test_cfg: Annotated[
        str | None, typer.Option(metavar="CONFIG", help="A config whose test data to take instead.")
    ] = None,
    vis_stage: Annotated[
        Literal["backbone", "neck", "pre_logits"], typer.Option(help="Features after this part.")
    ] = "backbone",
    class_idx: Annotated[
        list[int] | None, typer.Option(metavar="N...", help="Labels of the classes to draw.")
    ] = None,
    max_num_class: Annotated[int, typer.Option(metavar="N", min=1, help="Draw the first N classes.")] = 20,
    max_num_samples: Annotated[
        int, typer.Option(metavar="N", min=1, help="Draw N samples of each class.")
    ] = 100,
    method: Annotated[
        Literal["tsne", "umap", "pca"], typer.Option(help="t-SNE, UMAP or principal components.")
    ] = "tsne",
    device: Annotated[str | None, typer.Option(help="Such as cpu or cuda:0.")] = None,
    legend: Annotated[bool, typer.Option("--legend", help="Name the classes in the picture.")] = False,
    show: Annotated[bool, typer.Option("--show", help="Show the picture.")] = False,
    n_components: Annotated[int, typer.Option(metavar="N", min=2, max=3, help="Dimensions: 2 or 3.")] = 2,
    perplexity: Annotated[float, typer.Option(min=1, help="t-SNE: about how many neighbours count.")] = 30.0,
    early_exaggeration: Annotated[float, typer.Option(min=1, help="t-SNE: how tight clusters begin.")] = 12.0,
    learning_rate: Annotated[float, typer.Option(min=0.01, help="t-SNE: usually from 10 to 1000.")] = 200.0,
    n_iter: Annotated[int, typer.Option(min=250, help="t-SNE: iterations at most.")] = 1000,
    n_iter_without_progress: Annotated[
        int, typer.Option(min=50, help="t-SNE: iterations without progress.")
    ] = 300,
    init: Annotated[Literal["random", "pca"], typer.Option(help="t-SNE: how it begins.")] = "random",
    n_neighbors: Annotated[int, typer.Option(min=2, help="UMAP: how many neighbours count.")] = 15,
    min_dist: Annotated[float, typer.Option(min=0, help="UMAP: how close points may lie.")] = 0.1,
    seed: Annotated[int, typer.Option(help="Seed of the samples and of the method.")] = 0,
    cfg_options: CfgOptions = None,
) -> None:
    """Draw how a model groups images: their features in two dimensions, a colour for each class.

    Examples:

    `mmpretrain vis-tsne lenet5_digits --checkpoint work_dirs/digits --vis-stage backbone --legend`

    `mmpretrain vis-tsne my_config.py --checkpoint best.pth --class-idx 0 3 5 --method umap`
    """
    from mmpretrain import init_model
    from mmpretrain.analysis import projection
    from mmpretrain.analysis.datasets import build_dataset, class_names, loader_of

    if show:
        from mmpretrain.visualization import figures

        figures.require_display()
    projection.require(method)
    cfg = load_config(config, cfg_options, work_dir)
    data_cfg = cfg if test_cfg is None else load_config(test_cfg, None)
    model: Any = init_model(cfg, None if checkpoint is None else checkpoint_in(checkpoint), device)
    if checkpoint is None:
        say("No --checkpoint is given: the features are those of random weights.", fg="yellow", err=True)
    dataset = build_dataset(data_cfg)
    indices = projection.choose_samples(
        dataset, classes=class_idx or (), max_classes=max_num_class, max_samples=max_num_samples, seed=seed
    )
    loader = loader_of(data_cfg, "test")
    features = projection.extract(
        model, dataset, indices, vis_stage,
        batch_size=loader.get("batch_size") or 32, workers=loader.get("num_workers") or 0,
    )  # fmt: skip
    options: dict[str, dict[str, Any]] = {
        "tsne": {
            "perplexity": perplexity,
            "early_exaggeration": early_exaggeration,
            "learning_rate": learning_rate,
            "n_iter": n_iter,
            "n_iter_without_progress": n_iter_without_progress,
            "init": init,
            "random_state": seed,
        },
        "umap": {"n_neighbors": n_neighbors, "min_dist": min_dist, "random_state": seed},
        "pca": {},
    }
    points = projection.project(features.vectors, method, n_components, **options[method])
    folder = Path(cfg.work_dir, f"{method}_{time.strftime('%Y%m%d_%H%M%S')}")
    _save(folder, vis_stage, features, points, class_names(data_cfg), legend)
    _tell(features)
    say(f"Saved {folder / vis_stage}.png, and the points in {vis_stage}.csv.")
    if show:
        figures.show()


def _tell(features: Features) -> None:
    """Print how many features there are, and how well they tell the classes apart."""
    from mmpretrain.analysis import projection

    share = 100 * projection.agreement(features.vectors, features.labels)
    classes = len(set(features.labels.tolist()))
    say(f"{len(features.labels)} samples of {classes} classes; {features.vectors.shape[1]} features of each")
    say(f"The nearest neighbour is of the same class for {share:.1f} % of them.")


def _save(
    folder: Path,
    stage: str,
    features: Features,
    points: np.ndarray,
    names: Sequence[str] | None,
    legend: bool,
) -> None:
    from mmpretrain.utils.atomic import write_atomic
    from mmpretrain.utils.fonts import figure_fonts
    from mmpretrain.visualization import figures

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["image", "label", "class", *"xyz"[: points.shape[1]]])
    for name, label, point in zip(features.names, features.labels.tolist(), points.tolist()):
        writer.writerow(
            [csv_cell(name), label, csv_cell(_class(names, label)), *(f"{value:.6g}" for value in point)]
        )
    write_atomic(folder / f"{stage}.csv", lambda file: file.write(text.getvalue().encode()))

    figure = figures.new_figure((10, 8))
    axes: Any = figure.add_subplot(projection="3d" if points.shape[1] == 3 else None)
    colours = figures.distinct_colours(len(set(features.labels.tolist())))
    for colour, label in zip(colours, sorted(set(features.labels.tolist()))):
        own = points[features.labels == label]
        axes.scatter(*own.T, s=14, alpha=0.8, color=colour, label=_class(names, label))
    axes.set_title(f"{stage}, {len(points)} samples")
    if legend:
        fonts = figure_fonts(*(_class(names, label) for label in set(features.labels.tolist())))
        axes.legend(loc="center left", bbox_to_anchor=(1.02, 0.5), prop={"family": fonts.get("fontfamily")})
    figures.save(figure, folder / f"{stage}.png")


def _class(names: Sequence[str] | None, label: int) -> str:
    return names[label] if names is not None and 0 <= label < len(names) else str(label)
