# CIFAR-10 in seconds on one GPU, after https://arxiv.org/abs/2404.00498. On an H100: 94.05 % with --tta, mean
# of 5 seeds, in 9.9 s of training once the libraries are loaded (benchmarks/README.md).
#   mmpretrain train speedrun/cifar10_airbench && mmpretrain test speedrun/cifar10_airbench CHECKPOINT --tta
# All that is random happens on the device, for whole batches.
_base_ = ['../_base_/default_runtime.py']

dataset_type = 'CIFAR10'
batch_size = 2000
max_epochs = 8
# Of Muon, for the filters; a step has that size whatever the gradient. SGD moves biases and the last layer:
# its rates are for the mean loss, and grow with the batch. With a smaller batch and these rates, training
# diverges.
lr, bias_lr, head_lr = 0.24, 0.053 * batch_size, 0.00083 * batch_size

data_preprocessor = dict(
    num_classes=10,
    mean=[125.307, 122.961, 113.8575],
    std=[51.5865, 50.847, 51.255],
    to_rgb=False,
    batch_transforms=[
        dict(type='AlternatingFlip'),
        dict(type='RandomCrop', crop_size=32, padding=2, padding_mode='reflect'),
    ],
)

model = dict(
    type='ImageClassifier',
    backbone=dict(type='AirbenchNet', arch='94'),
    head=dict(
        type='LinearClsHead',
        num_classes=10,
        in_channels=256,
        init_cfg=None,
        loss=dict(type='LabelSmoothLoss', label_smooth_val=0.2, mode='original'),
    ),
)
custom_hooks = [dict(type='WhiteningHook', num_samples=5000)]

optim_wrapper = dict(
    type='AmpOptimWrapper',
    dtype='bfloat16',
    optimizer=dict(
        type='MuonSGD',
        lr=lr,
        momentum=0.6,
        sgd_momentum=0.85,
        weight_decay=2.4e-3,
        normalize_weights=True,
        steps=3,
    ),
    paramwise_cfg=dict(
        custom_keys={
            'head': dict(orthogonalize=False, lr_mult=head_lr / lr),
            '.bias': dict(lr_mult=bias_lr / lr, decay_mult=0.016),
            'fc.bias': dict(lr_mult=0.0),  # the paper's last layer has none; with the rate of others, it diverges
        }
    ),
)
param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=1.0,
        end_factor=1e-3,
        by_epoch=True,
        begin=0,
        end=max_epochs,
        convert_to_iter_based=True,
    ),
]
train_cfg = dict(by_epoch=True, max_epochs=max_epochs, val_interval=max_epochs)
val_cfg = dict()
test_cfg = dict()
randomness = dict(seed=0)
strategy = dict(channels_last=True)

pipeline = [dict(type='PackInputs')]
train_dataloader = dict(
    batch_size=batch_size,
    num_workers=6,
    persistent_workers=True,
    pin_memory=True,
    drop_last=True,
    collate_fn=dict(type='default_collate'),
    dataset=dict(type=dataset_type, data_root='data/cifar10', split='train', pipeline=pipeline),
    sampler=dict(type='DefaultSampler', shuffle=True),
)
val_dataloader = dict(
    batch_size=batch_size,
    num_workers=0,  # as fast as starting workers for five batches
    pin_memory=True,
    collate_fn=dict(type='default_collate'),
    dataset=dict(type=dataset_type, data_root='data/cifar10', split='test', pipeline=pipeline),
    sampler=dict(type='DefaultSampler', shuffle=False),
)
val_evaluator = dict(type='Accuracy', topk=(1, ))
test_dataloader = val_dataloader
test_evaluator = val_evaluator

tta_model = dict(type='ShiftFlipTTA')
tta_pipeline = pipeline
