_base_ = [
    '../_base_/models/convnext_v2/nano.py',
    '../_base_/datasets/imagenet_bs64_swin_384.py',
    '../_base_/schedules/imagenet_bs1024_adamw_swin.py',
    '../_base_/default_runtime.py',
]

train_dataloader = dict(batch_size=32)
optim_wrapper = dict(optimizer=dict(lr=0.0008, weight_decay=0.3), clip_grad=None)
param_scheduler = [dict(type='CosineAnnealingLR', eta_min=1e-05, by_epoch=True)]
train_cfg = dict(max_epochs=600)
custom_hooks = [dict(type='EMAHook', momentum=0.0001, priority='ABOVE_NORMAL')]
