model = dict(
    type='ImageClassifier',
    backbone=dict(type='MixMIMTransformer', arch='B', drop_path_rate=0.1, drop_rate=0.0),
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
    ],
    train_cfg=dict(augments=[dict(type='Mixup', alpha=0.8), dict(type='CutMix', alpha=1.0)]),
)
