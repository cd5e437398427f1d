model = dict(
    type='ImageClassifier',
    backbone=dict(
        type='EdgeNeXt',
        arch='base',
        drop_path_rate=0.1,
        gap_before_final_norm=True,
        out_indices=(3, ),
        init_cfg=[
            dict(type='TruncNormal', std=0.02, bias=0.0, layer=['Conv2d', 'Linear']),
            dict(type='Constant', bias=0.0, layer=['LayerNorm'], val=1.0),
        ],
    ),
    head=dict(
        type='LinearClsHead',
        num_classes=1000,
        in_channels=584,
        loss=dict(type='CrossEntropyLoss', loss_weight=1.0),
    ),
)
