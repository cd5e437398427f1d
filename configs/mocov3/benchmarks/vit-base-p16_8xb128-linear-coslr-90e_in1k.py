_base_ = [
    '../../_base_/models/edgenext/edgenext-base.py',
    '../../_base_/datasets/imagenet_bs32_pil_resize.py',
    '../../_base_/schedules/imagenet_lars_coslr_90e.py',
    '../../_base_/default_runtime.py',
]

model = dict(
    backbone=dict(
        _delete_=True,
        type='MoCoV3ViT',
        arch='base',
        img_size=224,
        patch_size=16,
        frozen_stages=12,
        norm_eval=True,
        stop_grad_conv1=True,
        init_cfg=dict(type='Pretrained', prefix='backbone.', checkpoint=''),
    ),
    head=dict(
        type='VisionTransformerClsHead',
        in_channels=768,
        init_cfg=dict(type='Normal', std=0.01, layer='Linear'),
    ),
)

train_dataloader = dict(batch_size=128)
optim_wrapper = dict(optimizer=dict(type='SGD', lr=12))
default_hooks = dict(checkpoint=dict(interval=10, max_keep_ckpts=3))
