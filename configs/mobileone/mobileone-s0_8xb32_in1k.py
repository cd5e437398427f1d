_base_ = [
    '../_base_/models/mobileone/mobileone_s0.py',
    '../_base_/datasets/imagenet_bs32_pil_resize.py',
    '../_base_/schedules/imagenet_bs256_coslr_coswd_300e.py',
    '../_base_/default_runtime.py',
]

val_dataloader = dict(batch_size=256)
test_dataloader = val_dataloader
optim_wrapper = dict(paramwise_cfg=dict(norm_decay_mult=0.0))

custom_hooks = [
    dict(type='EMAHook', momentum=0.0005, priority='ABOVE_NORMAL', update_buffers=True),
]
