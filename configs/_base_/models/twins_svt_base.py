model = dict(
    type='ImageClassifier',
    backbone=dict(
        type='SVT',
        arch='base',
        in_channels=3,
        attn_drop_rate=0.0,
        drop_path_rate=0.3,
        drop_rate=0.0,
        norm_after_stage=[False, False, False, True],
        norm_cfg=dict(type='LN'),
        out_indices=(3, ),
        qkv_bias=True,
    ),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='LinearClsHead',
        num_classes=1000,
        in_channels=768,
        loss=dict(type='LabelSmoothLoss', label_smooth_val=0.1, mode='original'),
        cal_acc=False,
    ),
    init_cfg=[
        dict(type='TruncNormal', std=0.02, bias=0.0, layer='Linear'),
        dict(type='Constant', bias=0.0, layer='LayerNorm', val=1.0),
    ],
    train_cfg=dict(augments=[dict(type='Mixup', alpha=0.8), dict(type='CutMix', alpha=1.0)]),
)
