model = dict(
    type='ImageClassifier',
    backbone=dict(
        type='ResNeSt',
        depth=269,
        num_stages=4,
        out_indices=(3, ),
        stem_channels=128,
        style='pytorch',
    ),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='LinearClsHead',
        num_classes=1000,
        in_channels=2048,
        loss=dict(
            type='LabelSmoothLoss',
            num_classes=1000,
            label_smooth_val=0.1,
            loss_weight=1.0,
            reduction='mean',
        ),
        cal_acc=False,
        topk=(1, 5),
    ),
    train_cfg=dict(augments=dict(type='Mixup', alpha=0.2)),
)
