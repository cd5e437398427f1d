_base_ = 'clip_vit-base-p16_zeroshot-cls_cifar100.py'

data_preprocessor = dict(to_rgb=True)

test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(224, 224), interpolation='bicubic'),
    dict(type='PackInputs', algorithm_keys=['text'], meta_keys=['image_id', 'scale_factor']),
]

model = dict(text_prompt='openai_imagenet_sub', text_prototype='imagenet')

test_dataloader = dict(
    dataset=dict(type='ImageNet', data_root='data/imagenet', split='val', pipeline=test_pipeline),
)
