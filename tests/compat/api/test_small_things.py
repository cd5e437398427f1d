"""Helpers of MMEngine and MMCV: types, versions, files, timers and loggers."""

from __future__ import annotations

import io
import logging
from pathlib import Path

import mmcv
import mmengine
import pytest
from mmengine.logging import MMLogger
from mmengine.registry import DefaultScope, init_default_scope

from mmpretrain.errors import DataError


def test_types():
    assert mmcv.is_list_of([1, 2], int)
    assert not mmcv.is_tuple_of([1], int)
    assert mmengine.is_seq_of(("a",), str)
    assert mmengine.slice_list([1, 2, 3], [1, 2]) == [[1], [2, 3]]
    with pytest.raises(ValueError, match="add up to 2"):
        mmengine.slice_list([1, 2, 3], [1, 1])
    assert mmengine.concat_list([[1], [2, 3]]) == [1, 2, 3]
    assert mmengine.utils.to_3tuple(2) == (2, 2, 2)
    assert mmengine.utils.to_2tuple([1, 2]) == (1, 2)
    assert mmengine.list_cast(["1"], int) == [1]
    assert mmengine.has_method("", "upper")

    class Base:
        def f(self): ...

    class Own(Base):
        def f(self): ...

    assert mmengine.is_method_overridden("f", Base, Own())
    assert not mmengine.is_method_overridden("f", Base, Base)


# (version, numbers) as MMEngine 0.10.7 gives them
VERSIONS = [
    ("1.2", (1, 2, 0, 0, 0, 0)),
    ("2.2.0+cu118", (2, 2, 0, 0, 0, 0)),
    ("1.0.0rc1", (1, 0, 0, 0, -1, 1)),
    ("1.3.1b2", (1, 3, 1, 0, -2, 2)),
    ("0.4.0a1", (0, 4, 0, 0, -3, 1)),
    ("1.0.post2", (1, 0, 0, 0, 1, 2)),
]


@pytest.mark.parametrize(("version", "numbers"), VERSIONS)
def test_versions(version, numbers):
    assert mmcv.digit_version(version) == numbers
    assert mmcv.digit_version(mmcv.__version__) > mmcv.digit_version("2.0.0rc4")


def test_text_files(tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("cat 0\ndog 1\nbig eel\n")
    assert mmcv.list_from_file(file) == ["cat 0", "dog 1", "big eel"]
    assert mmcv.list_from_file(str(file), prefix="x/", offset=1, max_num=1) == ["x/dog 1"]
    assert mmengine.dict_from_file(file) == {"cat": "0", "dog": "1", "big": "eel"}
    file.write_text("cat\n")
    with pytest.raises(DataError, match=r"a\.txt:1"):
        mmengine.dict_from_file(file)


@pytest.mark.parametrize("suffix", ["json", "yaml", "pkl"])
def test_data_files(tmp_path, suffix):
    data = {"a": [1, 2.5, None], "b": {"c": "ä"}}
    mmengine.dump(data, tmp_path / f"x.{suffix}")
    assert mmengine.load(tmp_path / f"x.{suffix}") == data
    assert mmcv.load(open(tmp_path / f"x.{suffix}", "rb"), file_format=suffix) == data  # noqa: SIM115


def test_a_pickle_runs_nothing(tmp_path):
    (tmp_path / "evil.pkl").write_bytes(b"cos\nsystem\n(S'echo'\ntR.")
    with pytest.raises(DataError, match="not plain data"):
        mmcv.load(tmp_path / "evil.pkl")


def test_folders(tmp_path):
    mmcv.mkdir_or_exist(str(tmp_path / "a" / "b"))
    mmcv.mkdir_or_exist(str(tmp_path / "a" / "b"))
    (tmp_path / "a" / "x.JPG").write_bytes(b"")
    (tmp_path / "a" / "b" / "y.jpg").write_bytes(b"")
    assert list(mmcv.scandir(tmp_path / "a", ".jpg")) == []
    found = set(mmengine.scandir(tmp_path / "a", (".jpg",), recursive=True, case_sensitive=False))
    assert found == {"x.JPG", str(Path("b/y.jpg"))}
    with pytest.raises(FileNotFoundError, match="does not exist"):
        mmengine.check_file_exist(tmp_path / "none")
    mmengine.symlink(tmp_path / "a", tmp_path / "l")
    assert mmengine.fileio.isdir(tmp_path / "l")
    assert mmengine.fileio.get(tmp_path / "a" / "x.JPG") == b""


def test_timers():
    with pytest.raises(mmcv.TimerError):
        mmcv.Timer(start=False).since_start()
    timer = mmcv.Timer()
    first = timer.since_last_check()
    assert 0 <= first <= timer.since_start()
    assert mmcv.check_time("a test") == 0
    assert mmcv.check_time("a test") >= 0


def test_progress():
    out = io.StringIO()
    assert list(mmcv.track_iter_progress([1, 2, 3], file=out)) == [1, 2, 3]
    assert "3/3" in out.getvalue()
    assert mmcv.track_progress(lambda x, y: x + y, [1, 2], file=out, y=10) == [11, 12]
    assert list(mmcv.track_iter_progress((iter("ab"), 2), file=out)) == ["a", "b"]
    assert mmengine.track_parallel_progress(abs, [-1, 2, -3], 2, file=out) == [1, 2, 3]
    with pytest.raises(TypeError, match="sequence"):
        mmcv.track_progress(abs, 5)  # type: ignore[arg-type]


def test_loggers(tmp_path):
    logger = MMLogger.get_instance("compat_test", log_file=str(tmp_path / "a.log"))
    logger.info("to the file")
    assert "to the file" in (tmp_path / "a.log").read_text()
    assert MMLogger.get_instance("compat_test") is logger
    assert MMLogger.check_instance_created("compat_test")
    assert isinstance(MMLogger.get_current_instance(), logging.Logger)


def test_there_is_one_scope():
    init_default_scope("mmcls")
    assert DefaultScope.get_current_instance().scope_name == "mmpretrain"
    assert DefaultScope.get_instance("x", scope_name="mmcls").scope_name == "mmcls"


def test_renamed_arguments():
    @mmengine.deprecated_api_warning({"old": "new"}, cls_name="Thing")
    def call(new=1):
        return new

    with pytest.warns(DeprecationWarning, match='"old" of Thing.call is deprecated'):
        assert call(old=3) == 3
    with pytest.raises(TypeError, match="'old'"):
        call(old=1, new=2)


def test_what_is_needed():
    @mmcv.requires_package("no_such_package")
    def call():
        return 1

    with pytest.raises(RuntimeError, match="no_such_package"):
        call()
    assert mmengine.utils.is_installed("numpy")
    assert mmcv.import_modules_from_strings("os.path") is not None
    with pytest.warns(UserWarning, match="left out"):
        assert mmcv.import_modules_from_strings(["no_such"], allow_failed_imports=True) == [None]
