"""The folder of small inputs that tests/cases describes, configs in a fresh folder, and a short training."""

from __future__ import annotations

import pytest

from tests.cases.conftest import case, cli, pets
from tests.cli.command_cases import run
from tests.config.conftest import write

__all__ = ["case", "cli", "pets", "run_dir", "write"]


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    """The folder of a short training."""
    folder = tmp_path_factory.mktemp("run")
    done = run(
        "train", "lenet5_digits", "--work-dir", folder, "--cfg-options", "train_cfg.max_epochs=1", cwd=folder
    )
    assert done.returncode == 0, done.stderr
    return folder
