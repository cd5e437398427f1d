_base_ = 'swin-base-w7_8xb256-coslr-100e_in1k.py'

model = dict(
    backbone=dict(
        arch='large',
        drop_path_rate=0.2,
        pad_small_map=True,
        stage_cfgs=dict(block_cfgs=dict(window_size=14)),
    ),
    head=dict(in_channels=1536),
)

optim_wrapper = dict(paramwise_cfg=dict(layer_decay_rate=0.7))

param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=0.00019999999999999998,
        by_epoch=True,
        begin=0,
        end=20,
        convert_to_iter_based=True,
    ),
    dict(
        type='CosineAnnealingLR',
        T_max=100,
        eta_min=1e-06,
        by_epoch=True,
        begin=20,
        end=100,
        convert_to_iter_based=True,
    ),
]
