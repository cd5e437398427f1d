_base_ = 'simmim_swin-base-w6_16xb128-amp-coslr-800e_in1k-192px.py'

model = dict(
    backbone=dict(
        arch='large',
        pad_small_map=True,
        stage_cfgs=dict(block_cfgs=dict(window_size=12)),
    ),
    neck=dict(in_channels=1536),
)
