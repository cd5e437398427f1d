"""What holds for every test."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
from collections.abc import Iterator

import pytest

from mmpretrain.utils import web
from mmpretrain.utils.logging import detach_run_log, get_logger
from tests.datasets.download_cases import DATA
from tests.server import serve


def pytest_configure(config: pytest.Config) -> None:
    """Hide the GPUs of this machine, except from ``-m gpu``: the other tests expect numbers of a CPU."""
    if config.option.markexpr != "gpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""


class Forward(logging.Handler):
    """Hands on what does not reach the root logger, where pytest listens, because a run has its own log."""

    def __init__(self, target: logging.Handler) -> None:
        super().__init__()
        self.target = target

    def emit(self, record: logging.LogRecord) -> None:
        if not get_logger().propagate:
            self.target.handle(record)


@pytest.fixture(autouse=True, scope="session")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep downloads and what preflight remembers out of the user's cache."""
    os.environ["MMPRETRAIN_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(autouse=True)
def run_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Let ``caplog`` see the log of a run, and start the next test without it."""
    handler = Forward(caplog.handler)
    get_logger().addHandler(handler)
    yield
    get_logger().removeHandler(handler)
    detach_run_log()


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a disk of one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting is not permitted; tests/engine/test_reliability.py limits the size of files")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def make_runner(tmp_path):
    """A function that builds a runner for a tiny model; see :func:`tests.engine.tiny.config`."""
    from tests.engine import tiny

    def make(**changes):
        changes.setdefault("work_dir", str(tmp_path / "work"))
        return tiny.make_runner(**changes)

    return make


@pytest.fixture
def site(monkeypatch):
    monkeypatch.setattr(web, "RETRY_PAUSES", (0.0, 0.0))
    with serve() as site:
        site.files["/a.bin"] = DATA
        yield site
