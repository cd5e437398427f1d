_base_ = 'blip2-opt2.7b_8xb16_gqa.py'

data_preprocessor = dict(type='MultiModalDataPreprocessor')

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='RandomResizedCrop', scale=384, backend='pillow', interpolation='bicubic'),
    dict(type='RandomFlip', direction='horizontal', prob=0.5),
    dict(type='CleanCaption', keys='gt_caption'),
    dict(type='PackInputs', algorithm_keys=['gt_caption'], meta_keys=['image_id']),
]

test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(364, 364), backend='pillow', interpolation='bicubic'),
    dict(type='PackInputs', meta_keys=['image_id']),
]

model = dict(type='Blip2Caption', max_txt_len=30, prompt='a photo of')

train_dataloader = dict(
    batch_size=32,
    num_workers=5,
    dataset=dict(
        _delete_=True,
        type='COCOCaption',
        data_root='data/coco',
        ann_file='annotations/coco_karpathy_train.json',
        pipeline=train_pipeline,
    ),
    sampler=dict(shuffle=True),
)

val_dataloader = dict(
    num_workers=5,
    dataset=dict(
        _delete_=True,
        type='COCOCaption',
        data_root='data/coco',
        ann_file='annotations/coco_karpathy_val.json',
        pipeline=test_pipeline,
    ),
)

val_evaluator = dict(
    type='COCOCaption',
    ann_file='data/coco/annotations/coco_karpathy_val_gt.json',
)

test_dataloader = val_dataloader
test_evaluator = val_evaluator
train_cfg = dict(by_epoch=True)
