"""Tests of :mod:`mmpretrain.compat.api.logs`."""

from __future__ import annotations

import logging

from mmengine.logging import MMLogger


def test_loggers(tmp_path):
    logger = MMLogger.get_instance("compat_test", log_file=str(tmp_path / "a.log"))
    logger.info("to the file")
    assert "to the file" in (tmp_path / "a.log").read_text()
    assert MMLogger.get_instance("compat_test") is logger
    assert MMLogger.check_instance_created("compat_test")
    assert isinstance(MMLogger.get_current_instance(), logging.Logger)
