_base_ = '../mobileone-s1_8xb32_in1k.py'

train_pipeline_1e = [
    dict(type='LoadImageFromFile'),
    dict(type='RandomResizedCrop', scale=160, backend='pillow'),
    dict(type='RandomFlip', direction='horizontal', prob=0.5),
    dict(
        type='RandAugment',
        hparams=dict(pad_val=[104, 116, 124]),
        magnitude_level=2.1,
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
        magnitude_level=4.8999999999999995,
        magnitude_std=0.5,
        num_policies=2,
        policies='timm_increasing',
        total_level=10,
    ),
    dict(type='PackInputs'),
]

model = dict(backbone=dict(arch='s2', deploy=True), head=dict(in_channels=2048))
train_dataloader = dict(dataset=dict(pipeline=train_pipeline_1e))

custom_hooks = [
    dict(
        type='SwitchRecipeHook',
        schedule=[
            dict(action_epoch=37, pipeline=train_pipeline_37e),
            dict(
                action_epoch=112,
                pipeline=[
                    dict(type='LoadImageFromFile'),
                    dict(type='RandomResizedCrop', scale=224, backend='pillow'),
                    dict(type='RandomFlip', direction='horizontal', prob=0.5),
                    dict(
                        type='RandAugment',
                        hparams=dict(pad_val=[104, 116, 124]),
                        magnitude_level=7.0,
                        magnitude_std=0.5,
                        num_policies=2,
                        policies='timm_increasing',
                        total_level=10,
                    ),
                    dict(type='PackInputs'),
                ],
            ),
        ],
    ),
    dict(type='EMAHook', momentum=0.0005, priority='ABOVE_NORMAL', update_buffers=True),
]
