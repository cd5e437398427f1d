_base_ = 'mobileone-s0_8xb32_in1k.py'

bgr_mean = [103.53, 116.28, 123.675]

base_train_pipeline = [
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

train_pipeline_1e = [
    dict(type='LoadImageFromFile'),
    dict(type='RandomResizedCrop', scale=160, backend='pillow'),
    dict(type='RandomFlip', direction='horizontal', prob=0.5),
    dict(
        type='RandAugment',
        hparams=dict(pad_val=[104, 116, 124]),
        magnitude_level=0.042,
        magnitude_std=0.5,
        num_policies=2,
        policies='timm_increasing',
        total_level=10,
    ),
    dict(type='PackInputs'),
]

train_pipeline_37e = [
    dict(type='LoadImageFromFile'),
    dict(type='RandomResizedCrop', scale=192, backend='pillow'),
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

train_pipeline_112e = base_train_pipeline
model = dict(backbone=dict(arch='s1'), head=dict(in_channels=1280))

train_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='RandomResizedCrop', scale=160, backend='pillow'),
            dict(type='RandomFlip', direction='horizontal', prob=0.5),
            dict(
                type='RandAugment',
                hparams=dict(pad_val=[104, 116, 124]),
                magnitude_level=0.7000000000000001,
                magnitude_std=0.5,
                num_policies=2,
                policies='timm_increasing',
                total_level=10,
            ),
            dict(type='PackInputs'),
        ],
    ),
)

custom_hooks = [
    dict(
        type='SwitchRecipeHook',
        schedule=[
            dict(action_epoch=37, pipeline=train_pipeline_37e),
            dict(action_epoch=112, pipeline=base_train_pipeline),
        ],
    ),
    dict(type='EMAHook', momentum=0.0005, priority='ABOVE_NORMAL', update_buffers=True),
]
