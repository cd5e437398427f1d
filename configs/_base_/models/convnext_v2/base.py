_base_ = 'atto.py'

model = dict(
    backbone=dict(arch='base'),
    head=dict(in_channels=1024, loss=dict(label_smooth_val=0.1)),
    train_cfg=dict(augments=[dict(type='Mixup', alpha=0.8), dict(type='CutMix', alpha=1.0)]),
)
