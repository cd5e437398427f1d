optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.1, momentum=0.9, weight_decay=0.0001))

param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=0.25,
        by_epoch=True,
        begin=0,
        end=5,
        convert_to_iter_based=True,
    ),
    dict(type='CosineAnnealingLR', T_max=195, by_epoch=True, begin=5, end=200),
]

train_cfg = dict(max_epochs=200, val_interval=1, by_epoch=True)
val_cfg = dict()
test_cfg = dict()
auto_scale_lr = dict(base_batch_size=256)
