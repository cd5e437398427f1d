_base_ = 'blip-base_8xb32_ocrvqa.py'

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='RandomResizedCrop', scale=384, backend='pillow', interpolation='bicubic'),
    dict(
        type='PackInputs',
        algorithm_keys=['question', 'gt_answer', 'gt_answer_weight'],
        meta_keys=['question_id', 'image_id'],
    ),
]

test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(480, 480), backend='pillow', interpolation='bicubic'),
    dict(type='CleanCaption', keys=['question']),
    dict(
        type='PackInputs',
        algorithm_keys=['question', 'gt_answer', 'gt_answer_weight'],
        meta_keys=['question_id', 'image_id'],
    ),
]

train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='COCOVQA',
        question_file='annotations/okvqa_OpenEnded_mscoco_train2014_questions.json',
        data_root='data/coco',
        ann_file='annotations/okvqa_mscoco_train2014_annotations.json',
        data_prefix='train2014',
        pipeline=train_pipeline,
    ),
)

val_dataloader = dict(
    batch_size=16,
    dataset=dict(
        _delete_=True,
        type='COCOVQA',
        question_file='annotations/okvqa_OpenEnded_mscoco_val2014_questions.json',
        data_root='data/coco',
        ann_file='annotations/okvqa_mscoco_val2014_annotations.json',
        data_prefix='val2014',
        pipeline=test_pipeline,
    ),
)

test_dataloader = dict(
    persistent_workers=True,
    batch_size=16,
    dataset=dict(
        _delete_=True,
        type='COCOVQA',
        question_file='annotations/okvqa_OpenEnded_mscoco_val2014_questions.json',
        data_root='data/coco',
        ann_file='annotations/okvqa_mscoco_val2014_annotations.json',
        data_prefix='val2014',
        pipeline=test_pipeline,
    ),
)
