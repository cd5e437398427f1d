_base_ = 'glip-t_headless.py'

model = dict(
    backbone=dict(arch='large', img_size=384, stage_cfgs=dict(block_cfgs=dict(window_size=12))),
)
