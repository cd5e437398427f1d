"""The ``mmpretrain`` command: its sub-commands, and how errors are shown.

Command modules import nothing heavy at their top, so ``mmpretrain --help`` answers at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from mmpretrain import __version__
from mmpretrain.cli import (
    analyze_logs,
    analyze_results,
    audit,
    batch_find,
    browse_dataset,
    calibrate,
    check,
    config,
    confusion_matrix,
    convert,
    convert_dataset,
    demo,
    demo_data,
    doctor,
    download,
    eval_metric,
    finetune,
    flops,
    image_demo,
    kfold_cross_valid,
    knn,
    linear_probe,
    list_models,
    lr_find,
    merge_lora,
    pack,
    predict,
    pretrain,
    publish,
    reparameterize,
    report,
    shape_bias,
    test,
    train,
    tune,
    upload,
    verify_dataset,
    vis_cam,
    vis_scheduler,
    vis_tsne,
)
from mmpretrain.cli.argv import modernize
from mmpretrain.cli.console import each_warning_once, one_line_an_epoch
from mmpretrain.cli.endings import errors_told
from mmpretrain.cli.flags import show_flags_as_flags
from mmpretrain.cli.guard import check_folder
from mmpretrain.cli.names import modern, require_known
from mmpretrain.cli.say import say
from mmpretrain.utils.former import compat
from mmpretrain.utils.processes import open_standard_streams


def _new_app() -> typer.Typer:
    return typer.Typer(
        name="mmpretrain",
        no_args_is_help=True,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


app = _new_app()


def _print_version(wanted: bool) -> None:
    if wanted:
        say(f"mmpretrain {__version__}")
        raise typer.Exit()


@app.callback()
def main(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Train, fine-tune, test and explain image classifiers from config files.

    First steps: `mmpretrain demo` trains a small network on real handwritten digits in seconds;
    `mmpretrain doctor` says what works on this machine.
    """
    # `entry_point` has acted on --debug already; it is declared here for --help.


#: Panel of the help text -> its commands.
COMMANDS = {
    "First steps": (demo.demo, demo_data.demo_data, doctor.doctor),
    "Train, test, predict": (
        finetune.finetune,
        train.train,
        test.test,
        calibrate.calibrate,
        predict.predict,
        image_demo.image_demo,
        kfold_cross_valid.kfold_cross_valid,
        lr_find.lr_find,
        batch_find.batch_find,
        tune.tune,
    ),
    "Pre-train": (pretrain.pretrain, knn.knn, linear_probe.linear_probe),
    "Models": (
        list_models.list_models,
        download.download,
        flops.flops,
        convert.convert,
        publish.publish,
        upload.upload,
        reparameterize.reparameterize,
        merge_lora.merge_lora,
    ),
    "Explain": (vis_cam.vis_cam, vis_tsne.vis_tsne),
    "Results": (
        report.report,
        report.compare,
        eval_metric.eval_metric,
        confusion_matrix.confusion_matrix,
        analyze_results.analyze_results,
        shape_bias.shape_bias,
    ),
    "Configs and data": (
        check.check,
        browse_dataset.browse_dataset,
        verify_dataset.verify_dataset,
        audit.audit,
        convert_dataset.convert_dataset,
        pack.pack,
        pack.unpack,
        vis_scheduler.vis_scheduler,
    ),
}
#: Functions that cannot have the name of their command.
NAMES = {list_models.list_models: "list"}
for panel, functions in COMMANDS.items():
    for function in functions:
        name = NAMES.get(function, function.__name__.replace("_", "-"))
        app.command(name, rich_help_panel=panel)(function)
app.add_typer(config.app, name="config", rich_help_panel="Configs and data")
app.add_typer(analyze_logs.app, name="analyze-logs", rich_help_panel="Results")
app.command("models", rich_help_panel="Models")(list_models.list_models)
old = compat("commands")
app.command("run", context_settings=old.PASS_ON, rich_help_panel="Old import names")(old.run)
app.command("compat", rich_help_panel="Old import names")(old.compat)
show_flags_as_flags(app)

#: The names of all commands.
COMMAND_NAMES = tuple(str(item.name) for item in (*app.registered_commands, *app.registered_groups))


def with_command(words: Sequence[str]) -> list[str]:
    """Return a command line with the command's name in place of that of a former script."""
    place = next((index for index, word in enumerate(words) if not word.startswith("-")), None)
    if place is None:
        return list(words)
    return [*words[:place], *modern(words[place], COMMAND_NAMES), *words[place + 1 :]]


def app_for(words: Sequence[str]) -> typer.Typer:
    """Return the app with the one command that is called, as parsers for all take a tenth of a second.

    Args:
        words: The command line, without the program's name.
    """
    if not words or words[0] not in COMMAND_NAMES:
        return app
    small = _new_app()
    small.callback()(main)
    small.registered_commands = [item for item in app.registered_commands if item.name == words[0]]
    small.registered_groups = [item for item in app.registered_groups if item.name == words[0]]
    small.info.cls = app.info.cls
    return small


def entry_point(argv: Sequence[str] | None = None) -> None:
    """Run the command line; deliberate errors end in one line on stderr and exit code 2."""
    open_standard_streams()
    words = modernize(with_command(sys.argv[1:] if argv is None else argv))
    # `--debug` may stand anywhere; the parser knows it in front of the command only.
    own = words.index("run") if words[:1] == ["run"] or words[:2] == ["--debug", "run"] else len(words)
    debug = "--debug" in words[:own] or bool(os.environ.get("MMPRETRAIN_DEBUG"))
    words = [word for word in words[:own] if word != "--debug"] + words[own:]
    if debug:
        os.environ["MMPRETRAIN_DEBUG"] = "1"
    with errors_told(debug):
        check_folder()
        if words and not words[0].startswith("-"):
            require_known(words[0], COMMAND_NAMES)
        with one_line_an_epoch(), each_warning_once():
            app_for(words)(args=words, prog_name="mmpretrain")
