_base_ = 'van_base.py'

model = dict(
    backbone=dict(arch='small'),
    init_cfg=[
        dict(type='TruncNormal', std=0.02, bias=0.0, layer='Linear'),
        dict(type='Constant', bias=0.0, layer='LayerNorm', val=1.0),
    ],
    train_cfg=dict(augments=[dict(type='Mixup', alpha=0.8), dict(type='CutMix', alpha=1.0)]),
)
