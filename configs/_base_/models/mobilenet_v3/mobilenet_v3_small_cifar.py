_base_ = 'mobilenet_v3_large_imagenet.py'

model = dict(
    backbone=dict(arch='small'),
    head=dict(
        _delete_=True,
        type='StackedLinearClsHead',
        num_classes=10,
        in_channels=576,
        loss=dict(type='CrossEntropyLoss', loss_weight=1.0),
        act_cfg=dict(type='HSwish'),
        mid_channels=[1280],
        topk=(1, 5),
    ),
)
