_base_ = [
    '../_base_/models/vit-base-p16.py',
    '../_base_/datasets/imagenet_bs64_swin_384.py',
    '../_base_/schedules/imagenet_bs4096_AdamW.py',
    '../_base_/default_runtime.py',
]

model = dict(
    backbone=dict(
        _delete_=True,
        type='DistilledVisionTransformer',
        arch='deit-base',
        img_size=384,
        patch_size=16,
    ),
    head=dict(type='DeiTClsHead', loss=dict(mode='original')),
)

train_dataloader = dict(batch_size=32)
optim_wrapper = dict(clip_grad=dict(max_norm=1.0))
auto_scale_lr = dict(base_batch_size=512)
