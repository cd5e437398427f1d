model = dict(
    type='ImageClassifier',
    backbone=dict(type='MobileNetV3', arch='large'),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='StackedLinearClsHead',
        num_classes=1000,
        in_channels=960,
        loss=dict(type='CrossEntropyLoss', loss_weight=1.0),
        act_cfg=dict(type='HSwish'),
        dropout_rate=0.2,
        mid_channels=[1280],
        topk=(1, 5),
        init_cfg=dict(type='Normal', mean=0.0, std=0.01, bias=0.0, layer='Linear'),
    ),
)
