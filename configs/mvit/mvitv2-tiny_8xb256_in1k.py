_base_ = [
    '../_base_/models/mvit/mvitv2-tiny.py',
    '../_base_/datasets/imagenet_bs256_levit_224.py',
    '../_base_/schedules/imagenet_bs1024_adamw_revvit.py',
    '../_base_/default_runtime.py',
]

warmup_epochs = 15
train_dataloader = dict(num_workers=5)
val_dataloader = train_dataloader
test_dataloader = train_dataloader

optim_wrapper = dict(
    optimizer=dict(_delete_=True, type='AdamW', lr=0.00025, weight_decay=0.3),
    paramwise_cfg=dict(
        custom_keys={'.rel_pos_h': dict(decay_mult=0.0), '.rel_pos_w': dict(decay_mult=0.0)},
    ),
)

param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, by_epoch=True, end=70, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', eta_min=1e-05, by_epoch=True, begin=70),
]

auto_scale_lr = dict(base_batch_size=2048)
