model = dict(
    type='ImageClassifier',
    backbone=dict(
        type='EfficientFormer',
        arch='l1',
        drop_path_rate=0,
        init_cfg=[
            dict(type='TruncNormal', std=0.02, bias=0.0, layer=['Conv2d', 'Linear']),
            dict(type='Constant', bias=0.0, layer=['GroupNorm'], val=1.0),
            dict(type='Constant', layer=['LayerScale'], val=1e-05),
        ],
    ),
    neck=dict(type='GlobalAveragePooling', dim=1),
    head=dict(type='EfficientFormerClsHead', num_classes=1000, in_channels=448),
)
