_base_ = [
    '../_base_/models/edgenext/edgenext-base.py',
    '../_base_/datasets/imagenet_bs64_swin_224.py',
    '../_base_/schedules/imagenet_bs1024_adamw_swin.py',
    '../_base_/default_runtime.py',
]

model = dict(
    backbone=dict(
        _delete_=True,
        type='XCiT',
        depth=12,
        embed_dims=384,
        patch_size=8,
        layer_scale_init_value=1.0,
        mlp_ratio=4,
        num_heads=8,
        out_type='cls_token',
        qkv_bias=True,
        tokens_norm=True,
    ),
    head=dict(in_channels=384),
    train_cfg=dict(augments=[dict(type='Mixup', alpha=0.8), dict(type='CutMix', alpha=1.0)]),
)

train_dataloader = dict(batch_size=128)
