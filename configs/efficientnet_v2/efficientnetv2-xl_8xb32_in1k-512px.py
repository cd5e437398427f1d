_base_ = 'efficientnetv2-l_8xb32_in1k-480px.py'

test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='EfficientNetCenterCrop', crop_size=512, crop_padding=0),
    dict(type='PackInputs'),
]

model = dict(backbone=dict(arch='xl'))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
