data_preprocessor = dict(
    type='MultiModalDataPreprocessor',
    mean=[122.770938, 116.7460125, 104.09373615],
    std=[68.5005327, 66.6321579, 70.32316305],
    to_rgb=True,
)

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(
        type='RandomResizedCrop',
        scale=(480, 480),
        backend='pillow',
        crop_ratio_range=(0.5, 1.0),
        interpolation='bicubic',
    ),
    dict(type='RandomFlip', direction='horizontal', prob=0.5),
    dict(type='RandAugment', magnitude_level=5, num_policies=2, policies='simple_increasing'),
    dict(type='CleanCaption', keys=['question', 'gt_answer']),
    dict(type='PackInputs', algorithm_keys=['question', 'gt_answer', 'gt_answer_weight']),
]

test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(480, 480), backend='pillow', interpolation='bicubic'),
    dict(type='CleanCaption', keys=['question']),
    dict(type='PackInputs', algorithm_keys=['question'], meta_keys=['question_id']),
]

train_dataloader = dict(
    drop_last=True,
    persistent_workers=True,
    batch_size=32,
    num_workers=8,
    dataset=dict(
        type='ConcatDataset',
        datasets=[
            dict(
                type='COCOVQA',
                question_file='annotations/v2_OpenEnded_mscoco_train2014_questions.json',
                data_root='data/coco',
                ann_file='annotations/v2_mscoco_train2014_annotations.json',
                data_prefix='train2014',
                pipeline=train_pipeline,
            ),
            dict(
                type='COCOVQA',
                question_file='annotations/v2_OpenEnded_mscoco_val2014_questions.json',
                data_root='data/coco',
                ann_file='annotations/v2_mscoco_val2014_annotations.json',
                data_prefix='val2014',
                pipeline=train_pipeline,
            ),
            dict(
                type='VisualGenomeQA',
                data_root='visual_genome',
                ann_file='question_answers.json',
                data_prefix='image',
                pipeline=train_pipeline,
            ),
        ],
    ),
    sampler=dict(type='DefaultSampler', shuffle=True),
)

test_dataloader = dict(
    batch_size=32,
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
