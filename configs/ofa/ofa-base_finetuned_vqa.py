_base_ = 'ofa-base_zeroshot_vqa.py'

data_preprocessor = dict(type='MultiModalDataPreprocessor')
ANS2LABEL = 'https://ofa-beijing.oss-cn-beijing.aliyuncs.com/datasets/vqa_data/trainval_ans2label.pkl'

test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(480, 480), backend='pillow', interpolation='bicubic'),
    dict(type='OFAAddObjects'),
    dict(
        type='PackInputs',
        algorithm_keys=['question', 'gt_answer', 'gt_answer_weight', 'decoder_prompt'],
        meta_keys=['question_id', 'image_id'],
    ),
]

model = dict(
    ans2label='https://ofa-beijing.oss-cn-beijing.aliyuncs.com/datasets/vqa_data/trainval_ans2label.pkl',
    generation_cfg=dict(num_beams=5),
)

test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
