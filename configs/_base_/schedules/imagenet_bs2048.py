optim_wrapper = dict(
    optimizer=dict(type='SGD', lr=0.8, momentum=0.9, nesterov=True, weight_decay=0.0001),
)

param_scheduler = [
    dict(type='LinearLR', start_factor=0.25, by_epoch=False, begin=0, end=2500),
    dict(type='MultiStepLR', milestones=[30, 60, 90], gamma=0.1, by_epoch=True),
]

train_cfg = dict(max_epochs=100, val_interval=1, by_epoch=True)
val_cfg = dict()
test_cfg = dict()
auto_scale_lr = dict(base_batch_size=2048)
