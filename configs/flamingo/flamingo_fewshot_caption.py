_base_ = '../_base_/default_runtime.py'

data_preprocessor = dict(
    mean=[122.770938, 116.7460125, 104.09373615],
    std=[68.5005327, 66.6321579, 70.32316305],
    to_rgb=True,
)

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
    dict(type='PackInputs', algorithm_keys=['gt_caption', 'shots'], meta_keys=['image_id']),
]

model = dict(
    type='Flamingo',
    final_prompt_tmpl='<image>Output:',
    generation_cfg=dict(length_penalty=-2.0, max_new_tokens=20, num_beams=3),
    lang_encoder=dict(
        adapter=dict(
            type='FlamingoLMAdapter',
            cross_attn_every_n_layers=4,
            use_media_placement_augmentation=False,
            vis_hidden_size=1024,
        ),
        base=dict(
            type='AutoModelForCausalLM',
            local_files_only=True,
            name_or_path='decapoda-research/llama-7b-hf',
        ),
    ),
    shot_prompt_tmpl='<image>Output:{caption}<|endofchunk|>',
    task='caption',
    tokenizer=dict(type='LlamaTokenizer', name_or_path='decapoda-research/llama-7b-hf'),
    vision_encoder=dict(
        type='VisionTransformer',
        arch='l',
        patch_size=14,
        final_norm=False,
        layer_cfgs=dict(act_cfg=dict(type='QuickGELU')),
        norm_cfg=dict(type='LN', eps=1e-05),
        out_type='raw',
        pre_norm=True,
        pretrained='https://download.openmmlab.com/mmclassification/v0/clip/vit-large-p14_clip-openai-pre_3rdparty_20230517-95e2af0b.pth',
    ),
)

val_dataloader = dict(
    persistent_workers=True,
    batch_size=8,
    num_workers=8,
    dataset=dict(
        type='FlamingoEvalCOCOCaption',
        num_query_examples=5000,
        num_shots=2,
        num_support_examples=2048,
        data_root='data/coco',
        ann_file='annotations/captions_train2014.json',
        data_prefix=dict(img_path='train2014'),
        pipeline=test_pipeline,
    ),
    sampler=dict(type='DefaultSampler', shuffle=False),
)

val_evaluator = dict(type='COCOCaption', ann_file='data/coco/annotations/captions_train2014.json')
test_dataloader = val_dataloader
test_evaluator = val_evaluator
val_cfg = dict()
test_cfg = dict()
