# LeNet-5 on the embedded digits: trains in less than a minute on two CPU cores.
_base_ = ['../_base_/datasets/digits_bs64.py', '../_base_/default_runtime.py']

model = dict(
    type='ImageClassifier',
    backbone=dict(type='LeNet5', num_classes=10),
    neck=None,
    head=dict(type='ClsHead', topk=(1, 5), loss=dict(type='CrossEntropyLoss', loss_weight=1.0)),
)

optim_wrapper = dict(optimizer=dict(type='AdamW', lr=2e-3, weight_decay=0.05))

max_epochs = 20
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=True, begin=0, end=1, convert_to_iter_based=True),
    dict(type='CosineAnnealingLR', by_epoch=True, begin=1, end=max_epochs, convert_to_iter_based=True),
]
train_cfg = dict(by_epoch=True, max_epochs=max_epochs, val_interval=1)
val_cfg = dict()
test_cfg = dict()

default_hooks = dict(
    logger=dict(interval=10),
    checkpoint=dict(save_best='auto', max_keep_ckpts=1),
)
randomness = dict(seed=0)
auto_scale_lr = dict(base_batch_size=64)
