"""``mmpretrain report`` and ``mmpretrain compare``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from mmpretrain.cli.outputs import Force, new_file
from mmpretrain.cli.say import say

Language = Annotated[Literal["en", "zh"], typer.Option(help="Which language the page shows at first.")]
Images = Annotated[bool, typer.Option("--images/--no-images", help="Show pictures of the samples.")]
_PAGES = (".html", ".htm")


def report(
    record: Annotated[
        str,
        typer.Argument(
            metavar="RUN|RECORD",
            help="The folder of a run that was tested, a record, or `test --out result.pkl`.",
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The page; by default report.html beside the record.")
    ] = None,
    title: Annotated[str, typer.Option(metavar="TEXT", help="Its heading.")] = "",
    language: Language = "en",
    images: Images = True,
    force: Force = False,
) -> None:
    """Write a page about a test: curves, classes, confusion matrix, mistakes, groups that are worse.

    One HTML file in English and Chinese that opens offline. `mmpretrain test` writes one each time.

    Examples:

    `mmpretrain report work_dirs/demo`

    `mmpretrain report result.pkl --out report.html --language zh`
    """
    from mmpretrain.analysis.records import folder_of_run, open_record
    from mmpretrain.cli.records import pictures_of
    from mmpretrain.evaluation import ValueRecord
    from mmpretrain.evaluation.record import latest_record
    from mmpretrain.reports import no_images, write_report, write_value_report

    run = folder_of_run(record)
    if out is None:
        place = Path(record)
        # Beside a record; a page that is there was made of the same predictions.
        out = latest_record(place) / "report.html" if place.is_dir() else place.with_name("report.html")
        force = force or place.is_dir()
    out = new_file(out, "--out", force=force, suffixes=_PAGES)
    opened = open_record(record)
    source = pictures_of(opened.paths) if images else no_images
    if isinstance(opened, ValueRecord):
        write_value_report(opened, out, title=title, language=language, run=run, images=source)
    else:
        write_report(opened, out, title=title, language=language, run=run, images=source)
    say(f"Saved the report to {out}")


def compare(
    records: Annotated[
        list[str], typer.Argument(metavar="RUN|RECORD...", help="Two or more, as for `mmpretrain report`.")
    ],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The page.")] = Path("comparison.html"),
    language: Language = "en",
    images: Images = True,
    force: Force = False,
) -> None:
    """Compare models that were tested on the same images.

    Prints the metrics and whether differences can be chance (McNemar's test), and writes a page with curves
    and with the images on which they differ.

    Example:

    `mmpretrain compare work_dirs/a work_dirs/b --out comparison.html`
    """
    from rich.console import Console
    from rich.table import Table

    from mmpretrain.analysis.records import open_scores
    from mmpretrain.errors import ConfigError
    from mmpretrain.reports import no_images, write_comparison
    from mmpretrain.utils.text import cell

    if len(records) < 2:
        raise ConfigError("a comparison needs two evaluations", hint="mmpretrain compare RUN RUN")
    out = new_file(out, "--out", force=force, suffixes=_PAGES)
    names = _names(records)
    opened = {name: open_scores(record) for name, record in zip(names, records)}
    compared = write_comparison(opened, out, language=language, images=None if images else no_images)
    first = next(iter(compared.summaries.values()))
    table = Table("model", *(number.name for number in first.numbers), title_justify="left")
    for name, summary in compared.summaries.items():
        values = (f"{n.value:.2f}" if n.percent else f"{n.value:.4f}" for n in summary.numbers)
        table.add_row(cell(name), *values)
    console = Console()
    console.print(table)
    for pair in compared.pairs:
        console.print(
            f"{pair.first} / {pair.second}: only the first is right {pair.only_first} times, only the second "
            f"{pair.only_second} times (p = {pair.p:.2g})",
            markup=False,
            highlight=False,
        )
    if compared.left_out:
        say(f"{compared.left_out} images were not tested by all of them and are left out.")
    say(f"Saved the comparison to {out}")


def _names(records: list[str]) -> list[str]:
    """Return the shortest ends of the paths that differ."""
    parts = [Path(record).parts for record in records]
    for length in range(1, max(map(len, parts)) + 1):
        names = ["/".join(part[-length:]) for part in parts]
        if len(set(names)) == len(names):
            return names
    return [f"{record} ({index})" for index, record in enumerate(records, 1)]
