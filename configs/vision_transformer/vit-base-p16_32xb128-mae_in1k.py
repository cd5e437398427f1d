_base_ = [
    '../_base_/models/deit3/deit3-base-p16-224.py',
    '../_base_/datasets/imagenet_bs64_swin_224.py',
    '../_base_/schedules/imagenet_bs1024_adamw_swin.py',
    '../_base_/default_runtime.py',
]

model = dict(backbone=dict(type='VisionTransformer', arch='base', drop_path_rate=0.1))
train_dataloader = dict(batch_size=128)

optim_wrapper = dict(
    optimizer=dict(lr=0.0016, betas=(0.9, 0.95), weight_decay=0.3),
    paramwise_cfg=dict(
        custom_keys={'.cls_token': dict(decay_mult=0.0), '.pos_embed': dict(decay_mult=0.0)},
    ),
)

custom_hooks = [dict(type='EMAHook', momentum=0.0001)]
auto_scale_lr = dict(base_batch_size=4096)
