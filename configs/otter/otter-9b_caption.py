_base_ = ['../_base_/datasets/nocaps.py', '../_base_/default_runtime.py']

test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='ResizeEdge', scale=224, backend='pillow', interpolation='bicubic'),
    dict(type='CenterCrop', crop_size=(224, 224)),
    dict(type='PackInputs', algorithm_keys=['gt_caption'], meta_keys=['image_id']),
]

model = dict(
    type='Otter',
    final_prompt_tmpl='<image>User:Please describe the image. GPT:<answer>',
    generation_cfg=dict(max_new_tokens=24, no_repeat_ngram_size=3, num_beams=3),
    lang_encoder=dict(
        adapter=dict(
            type='FlamingoLMAdapter',
            cross_attn_every_n_layers=4,
            only_attend_previous=True,
            use_media_placement_augmentation=False,
            vis_hidden_size=1024,
        ),
        base=dict(
            type='AutoModelForCausalLM',
            local_files_only=True,
            name_or_path='huggyllama/llama-7b',
        ),
    ),
    task='caption',
    tokenizer=dict(type='LlamaTokenizer', name_or_path='huggyllama/llama-7b'),
    vision_encoder=dict(
        type='VisionTransformer',
        arch='l',
        patch_size=14,
        final_norm=False,
        layer_cfgs=dict(act_cfg=dict(type='mmpretrain.QuickGELU')),
        norm_cfg=dict(type='LN', eps=1e-05),
        out_type='raw',
        pre_norm=True,
        pretrained='https://download.openmmlab.com/mmclassification/v0/clip/vit-large-p14_clip-openai-pre_3rdparty_20230517-95e2af0b.pth',
    ),
)

val_dataloader = dict(
    batch_size=8,
    num_workers=8,
    dataset=dict(
        _delete_=True,
        type='COCOCaption',
        data_root='data/coco',
        ann_file='annotations/coco_karpathy_val.json',
        pipeline=test_pipeline,
    ),
)

val_evaluator = dict(
    _delete_=True,
    type='COCOCaption',
    ann_file='data/coco/annotations/coco_karpathy_val_gt.json',
)

test_dataloader = val_dataloader
test_evaluator = val_evaluator
val_cfg = dict()
test_cfg = dict()
