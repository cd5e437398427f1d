# The recipe of resnet50_8xb256-rsb-a3-100e_in1k with flips, RandAugment, Mixup and CutMix on the device, for machines whose
# CPUs cannot keep up with their GPUs. Cropping stays in the pipeline, as files differ in size.
_base_ = './resnet50_8xb256-rsb-a3-100e_in1k.py'

data_preprocessor = dict(
    batch_transforms=[
        dict(type='RandomFlip', direction='horizontal', prob=0.5),
        dict(
            type='RandAugment',
            hparams=dict(interpolation='bicubic', pad_val=[104, 116, 124]),
            magnitude_level=6,
            magnitude_std=0.5,
            num_policies=2,
            policies='timm_increasing',
            total_level=10,
        ),
        dict(type='OneOf', choices=[dict(type='Mixup', alpha=0.1), dict(type='CutMix', alpha=1.0)]),
    ]
)
model = dict(train_cfg=None)

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='RandomResizedCrop', scale=224, backend='pillow', interpolation='bicubic'),
    dict(type='PackInputs'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
