model = dict(
    type='ImageClassifier',
    backbone=dict(
        type='SEResNeXt',
        depth=101,
        num_stages=4,
        groups=32,
        out_indices=(3, ),
        se_ratio=16,
        style='pytorch',
        width_per_group=4,
    ),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='LinearClsHead',
        num_classes=1000,
        in_channels=2048,
        loss=dict(type='CrossEntropyLoss', loss_weight=1.0),
        topk=(1, 5),
    ),
)
