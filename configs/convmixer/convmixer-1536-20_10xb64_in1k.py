_base_ = 'convmixer-768-32_10xb64_in1k.py'

model = dict(
    backbone=dict(_delete_=True, type='ConvMixer', arch='1536/20'),
    head=dict(in_channels=1536),
)

param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=0.001,
        by_epoch=True,
        begin=0,
        end=20,
        convert_to_iter_based=True,
    ),
    dict(type='CosineAnnealingLR', T_max=130, eta_min=1e-05, by_epoch=True, begin=20, end=150),
]

train_cfg = dict(max_epochs=150)
