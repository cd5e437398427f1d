_base_ = [
    '../../_base_/models/resnet50.py',
    '../../_base_/datasets/imagenet_bs32_pil_resize.py',
    '../../_base_/schedules/imagenet_sgd_steplr_100e.py',
    '../../_base_/default_runtime.py',
]

model = dict(
    backbone=dict(
        frozen_stages=4,
        init_cfg=dict(type='Pretrained', prefix='backbone.', checkpoint=''),
    ),
)

optim_wrapper = dict(optimizer=dict(lr=30.0, weight_decay=0.0))
default_hooks = dict(checkpoint=dict(interval=10, max_keep_ckpts=3))
