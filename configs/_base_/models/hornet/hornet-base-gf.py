model = dict(
    type='ImageClassifier',
    backbone=dict(type='HorNet', arch='base-gf', drop_path_rate=0.5),
    head=dict(
        type='LinearClsHead',
        num_classes=1000,
        in_channels=1024,
        loss=dict(type='LabelSmoothLoss', label_smooth_val=0.1, mode='original'),
        cal_acc=False,
        init_cfg=None,
    ),
    init_cfg=[
        dict(type='TruncNormal', std=0.02, bias=0.0, layer='Linear'),
        dict(type='Constant', bias=0.0, layer='LayerNorm', val=1.0),
        dict(type='Constant', layer=['LayerScale'], val=1e-06),
    ],
    train_cfg=dict(augments=[dict(type='Mixup', alpha=0.8), dict(type='CutMix', alpha=1.0)]),
)
