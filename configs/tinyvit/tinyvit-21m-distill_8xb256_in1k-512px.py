_base_ = 'tinyvit-21m-distill_8xb256_in1k-384px.py'

test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(512, 512), backend='pillow', interpolation='bicubic'),
    dict(type='PackInputs'),
]

model = dict(backbone=dict(img_size=(512, 512), window_size=[16, 16, 32, 16]))
val_dataloader = dict(batch_size=16, dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
