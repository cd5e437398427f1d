_base_ = 'flamingo_fewshot_caption.py'

test_pipeline = [
    dict(
        type='ApplyToList',
        collate_keys=['img', 'scale_factor', 'ori_shape'],
        scatter_key='img_path',
        transforms=[
            dict(type='LoadImageFromFile'),
            dict(type='ResizeEdge', scale=224, backend='pillow', interpolation='bicubic'),
            dict(type='CenterCrop', crop_size=(224, 224)),
        ],
    ),
    dict(
        type='PackInputs',
        algorithm_keys=['question', 'gt_answer', 'gt_answer_weight', 'shots'],
        meta_keys=['image_id'],
    ),
]

model = dict(
    final_prompt_tmpl='<image>Question:{question} Short Answer:',
    generation_cfg=dict(max_new_tokens=5),
    shot_prompt_tmpl='<image>Question:{question} Short Answer:{answer}<|endofchunk|>',
    task='vqa',
)

val_dataloader = dict(
    dataset=dict(
        type='FlamingoEvalCOCOVQA',
        question_file='annotations/v2_OpenEnded_mscoco_val2014_questions.json',
        ann_file='annotations/v2_mscoco_val2014_annotations.json',
        data_prefix='val2014',
        pipeline=test_pipeline,
    ),
)

val_evaluator = dict(_delete_=True, type='VQAAcc')

test_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='FlamingoEvalCOCOVQA',
        num_query_examples=5000,
        num_shots=0,
        num_support_examples=2048,
        question_file='annotations/v2_OpenEnded_mscoco_test-dev2015_questions.json',
        data_root='data/coco',
        data_prefix='test2015',
        pipeline=test_pipeline,
    ),
)

test_evaluator = dict(_delete_=True, type='ReportVQA', file_path='vqa_test-dev.json')
