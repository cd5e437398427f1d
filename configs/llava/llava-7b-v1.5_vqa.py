_base_ = '../_base_/default_runtime.py'

data_preprocessor = dict(
    type='MultiModalDataPreprocessor',
    mean=[122.770938, 116.7460125, 104.09373615],
    std=[68.5005327, 66.6321579, 70.32316305],
    to_rgb=True,
)

image_size = 336
meta_prompt = "A chat between a curious human and an artificial intelligence assistant. The assistant gives helpful, detailed, and polite answers to the human's questions."
prompt_tmpl = "A chat between a curious human and an artificial intelligence assistant. The assistant gives helpful, detailed, and polite answers to the human's questions. User: <image>\n{question} ASSISTANT:"

test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(336, 336), backend='pillow', interpolation='bicubic'),
    dict(type='PackInputs', meta_keys=['image_id', 'question']),
]

model = dict(
    type='Llava',
    generation_cfg=dict(max_new_tokens=100),
    lang_encoder=dict(type='AutoModelForCausalLM', name_or_path='huggyllama/llama-7b'),
    mm_hidden_size=1024,
    mm_proj_depth=2,
    prompt_tmpl="A chat between a curious human and an artificial intelligence assistant. The assistant gives helpful, detailed, and polite answers to the human's questions. User: <image>\n{question} ASSISTANT:",
    task='vqa',
    tokenizer=dict(type='AutoTokenizer', name_or_path='liuhaotian/llava-v1.5-7b'),
    use_im_patch=False,
    use_im_start_end=False,
    vision_encoder=dict(
        type='VisionTransformer',
        arch='l',
        img_size=336,
        patch_size=14,
        final_norm=False,
        layer_cfgs=dict(act_cfg=dict(type='mmpretrain.QuickGELU')),
        norm_cfg=dict(type='LN', eps=1e-05),
        out_type='raw',
        pre_norm=True,
        pretrained='https://download.openmmlab.com/mmclassification/v0/clip/vit-large-p14_clip-openai-pre_336px_20231025-fb1315ed.pth',
    ),
)

test_dataloader = dict(
    persistent_workers=True,
    batch_size=8,
    num_workers=5,
    dataset=dict(
        type='COCOCaption',
        data_root='data/coco',
        ann_file='annotations/coco_karpathy_val.json',
        pipeline=test_pipeline,
    ),
    sampler=dict(type='DefaultSampler', shuffle=False),
)

test_evaluator = dict(
    type='COCOCaption',
    ann_file='data/coco/annotations/coco_karpathy_val_gt.json',
)

test_cfg = dict()
