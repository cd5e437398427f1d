_base_ = [
    '../_base_/models/regnet/regnetx_12gf.py',
    '../_base_/datasets/imagenet_bs64.py',
    '../_base_/schedules/imagenet_bs1024_coslr.py',
    '../_base_/default_runtime.py',
]

data_preprocessor = dict(mean=[103.53, 116.28, 123.675], std=[57.375, 57.12, 58.395], to_rgb=False)
EIGVAL = [0.2175, 0.0188, 0.0045]
EIGVEC = [[-0.5836, -0.6948, 0.4203], [-0.5808, -0.0045, -0.814], [-0.5675, 0.7192, 0.4009]]

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='RandomResizedCrop', scale=224),
    dict(type='RandomFlip', direction='horizontal', prob=0.5),
    dict(type='Lighting', alphastd=25.5, eigval=EIGVAL, eigvec=EIGVEC, to_rgb=False),
    dict(type='PackInputs'),
]

train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(batch_size=128)
test_dataloader = val_dataloader
optim_wrapper = dict(optimizer=dict(lr=0.4, nesterov=True))
custom_hooks = [dict(type='PreciseBNHook', interval=1, num_samples=8192, priority='ABOVE_NORMAL')]
auto_scale_lr = dict(base_batch_size=512)
