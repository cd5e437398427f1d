_base_ = 'blip2-opt2.7b_8xb16_gqa.py'

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='RandomResizedCrop', scale=224),
    dict(
        type='PackInputs',
        algorithm_keys=['question', 'gt_answer', 'gt_answer_weight'],
        meta_keys=['question_id', 'image_id'],
    ),
]

test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(224, 224), backend='pillow', interpolation='bicubic'),
    dict(type='CleanCaption', keys=['question']),
    dict(
        type='PackInputs',
        algorithm_keys=['question', 'gt_answer', 'gt_answer_weight'],
        meta_keys=['question_id', 'image_id'],
    ),
]

model = dict(prompt='Question: {} Answer:')

train_dataloader = dict(
    dataset=dict(
        type='COCOVQA',
        question_file='annotations/v2_OpenEnded_mscoco_train2014_questions.json',
        data_root='data/coco',
        ann_file='annotations/v2_mscoco_train2014_annotations.json',
        data_prefix='train2014',
        pipeline=train_pipeline,
    ),
    sampler=dict(shuffle=True),
)

val_dataloader = dict(
    dataset=dict(
        type='COCOVQA',
        question_file='annotations/v2_OpenEnded_mscoco_val2014_questions.json',
        data_root='data/coco',
        ann_file='annotations/v2_mscoco_val2014_annotations.json',
        data_prefix='val2014',
        pipeline=test_pipeline,
    ),
)

val_evaluator = dict(type='VQAAcc')

test_dataloader = dict(
    _delete_=True,
    batch_size=16,
    num_workers=8,
    dataset=dict(
        type='COCOVQA',
        question_file='annotations/v2_OpenEnded_mscoco_test2015_questions.json',
        data_root='data/coco',
        data_prefix='test2015',
        pipeline=test_pipeline,
    ),
    sampler=dict(type='DefaultSampler', shuffle=False),
)

test_evaluator = dict(type='ReportVQA', file_path='vqa_test.json')
