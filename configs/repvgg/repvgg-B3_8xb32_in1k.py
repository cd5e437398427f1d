_base_ = 'repvgg-A0_8xb32_in1k.py'

bgr_mean = [103.53, 116.28, 123.675]
bgr_std = [57.375, 57.12, 58.395]

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='RandomResizedCrop', scale=224, backend='pillow'),
    dict(type='RandomFlip', direction='horizontal', prob=0.5),
    dict(
        type='RandAugment',
        hparams=dict(pad_val=[104, 116, 124]),
        magnitude_level=7,
        magnitude_std=0.5,
        num_policies=2,
        policies='timm_increasing',
        total_level=10,
    ),
    dict(type='PackInputs'),
]

model = dict(
    backbone=dict(arch='B3'),
    head=dict(
        in_channels=2560,
        loss=dict(
            type='LabelSmoothLoss',
            num_classes=1000,
            label_smooth_val=0.1,
            mode='classy_vision',
        ),
    ),
    train_cfg=dict(augments=dict(type='Mixup', alpha=0.2)),
)

train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(batch_size=32)
test_dataloader = val_dataloader
param_scheduler = dict(T_max=200, end=200)
train_cfg = dict(max_epochs=200)
