embed_dims = 448
num_classes = 1000

model = dict(
    type='ImageClassifier',
    backbone=dict(
        type='T2T_ViT',
        embed_dims=448,
        img_size=224,
        in_channels=3,
        drop_path_rate=0.1,
        layer_cfgs=dict(feedforward_channels=1344, num_heads=7),
        num_layers=19,
        t2t_cfg=dict(token_dims=64, use_performer=False),
        init_cfg=[
            dict(type='TruncNormal', std=0.02, layer='Linear'),
            dict(type='Constant', bias=0.0, layer='LayerNorm', val=1.0),
        ],
    ),
    neck=None,
    head=dict(
        type='VisionTransformerClsHead',
        num_classes=1000,
        in_channels=448,
        loss=dict(type='LabelSmoothLoss', label_smooth_val=0.1, mode='original'),
        topk=(1, 5),
        init_cfg=dict(type='TruncNormal', std=0.02, layer='Linear'),
    ),
    train_cfg=dict(augments=[dict(type='Mixup', alpha=0.8), dict(type='CutMix', alpha=1.0)]),
)
