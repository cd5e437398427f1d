model = dict(
    type='ImageClassifier',
    backbone=dict(
        type='PoolFormer',
        arch='m36',
        drop_path_rate=0.1,
        init_cfg=[
            dict(type='TruncNormal', std=0.02, bias=0.0, layer=['Conv2d', 'Linear']),
            dict(type='Constant', bias=0.0, layer=['GroupNorm'], val=1.0),
        ],
    ),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='LinearClsHead',
        num_classes=1000,
        in_channels=768,
        loss=dict(type='CrossEntropyLoss', loss_weight=1.0),
    ),
)
