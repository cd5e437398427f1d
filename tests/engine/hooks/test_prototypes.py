"""Tests of :mod:`mmpretrain.engine.hooks.prototypes`."""

from __future__ import annotations

from tests.engine import tiny


def test_prototypes_before_validation(make_runner, caplog):
    class Retriever(tiny.TinyModel):
        prepared = 0

        def prepare_prototype(self):
            self.prepared += 1

    model = Retriever()
    hooks = [dict(type="PrepareProtoBeforeValLoopHook")]
    make_runner(model=model, custom_hooks=hooks).train()
    assert model.prepared == 3
    make_runner(custom_hooks=hooks).val()
    assert "has no prototypes" in caplog.text
