_base_ = 'cn-clip_vit-large-p14_zeroshot-cls_cifar100.py'

test_pipeline = [
    dict(type='Resize', scale=(224, 224), interpolation='bicubic'),
    dict(type='PackInputs', algorithm_keys=['text'], meta_keys=['image_id', 'scale_factor']),
]

model = dict(proj_dim=512, vision_backbone=dict(arch='base', patch_size=16))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
