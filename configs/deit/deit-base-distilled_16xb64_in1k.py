_base_ = [
    '../_base_/models/deit3/deit3-base-p16-224.py',
    '../_base_/datasets/imagenet_bs64_swin_224.py',
    '../_base_/schedules/imagenet_bs1024_adamw_swin.py',
    '../_base_/default_runtime.py',
]

model = dict(
    backbone=dict(
        _delete_=True,
        type='DistilledVisionTransformer',
        arch='deit-base',
        img_size=224,
        patch_size=16,
    ),
    head=dict(type='DeiTClsHead'),
)

optim_wrapper = dict(
    clip_grad=dict(max_norm=5.0),
    paramwise_cfg=dict(
        custom_keys={'.cls_token': dict(decay_mult=0.0), '.pos_embed': dict(decay_mult=0.0)},
    ),
)
