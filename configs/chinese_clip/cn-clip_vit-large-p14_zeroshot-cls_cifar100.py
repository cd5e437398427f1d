_base_ = 'cn-clip_resnet50_zeroshot-cls_cifar100.py'

model = dict(
    proj_dim=768,
    text_backbone=dict(config=dict(num_hidden_layers=12)),
    vision_backbone=dict(
        _delete_=True,
        type='VisionTransformer',
        arch='large',
        img_size=224,
        patch_size=14,
        final_norm=True,
        layer_cfgs=dict(act_cfg=dict(type='QuickGELU')),
        norm_cfg=dict(type='LN', eps=1e-05),
        out_type='cls_token',
        pre_norm=True,
    ),
)
