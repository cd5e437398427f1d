"""What holds for every test."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import mmpretrain
from mmpretrain.registry import ALL
from mmpretrain.utils import web
from mmpretrain.utils.logging import detach_run_log, get_logger
from tests.datasets.download_cases import DATA
from tests.server import serve

#: Where our own modules are, which register their classes once, when they are imported.
PACKAGE = str(Path(mmpretrain.__file__).parent)


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


def _is_of_a_test(found: object) -> bool:
    """Whether a class or function was defined by a test, or by files that a test wrote."""
    name = getattr(found, "__module__", None) or ""
    file = getattr(sys.modules.get(name), "__file__", None) or ""
    return name == "__main__" or not ("site-packages" in file or file.startswith(PACKAGE))


@pytest.fixture(autouse=True, scope="module")
def own_runs() -> None:
    """Forget the runs of other modules, which a fixture or a traceback may keep alive.

    ``session.current()`` would otherwise find several that are over, and fail.
    """
    session = sys.modules.get("mmpretrain.engine.session")
    if session is not None:
        session._known.clear()


@pytest.fixture(autouse=True, scope="module")
def own_registrations() -> Iterator[None]:
    """Forget what the tests of a module registered, so that those of others find the library as it is."""
    before = [(r, dict(r._objects), dict(r._clashes), dict(r._children)) for r in ALL.values()]
    yield
    for registry, objects, clashes, children in before:
        for name in registry._objects.keys() - objects.keys():
            if _is_of_a_test(registry._objects[name]):
                del registry._objects[name]
                registry._places.pop(name, None)
                registry._forced.discard(name)
        registry._objects.update(objects)
        for now, then in ((registry._clashes, clashes), (registry._children, children)):
            now.clear()
            now.update(then)


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
