optim_wrapper = dict(
    optimizer=dict(type='AdamW', lr=0.002, betas=(0.9, 0.999), eps=1e-08, weight_decay=0.025),
    paramwise_cfg=dict(
        bias_decay_mult=0.0,
        custom_keys={'.attention_biases': dict(decay_mult=0.0)},
        norm_decay_mult=0.0,
    ),
)

param_scheduler = [
    dict(type='LinearLR', start_factor=0.0005, by_epoch=True, end=5, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', eta_min=1e-05, by_epoch=True, begin=5),
]

train_cfg = dict(max_epochs=1000, by_epoch=True)
val_cfg = dict()
test_cfg = dict()
auto_scale_lr = dict(base_batch_size=2048)
