_base_ = ['../_base_/datasets/gqa.py', '../_base_/default_runtime.py']

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='RandomResizedCrop', scale=224),
    dict(type='PackInputs', algorithm_keys=['question', 'gt_answer']),
]

test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(224, 224), backend='pillow', interpolation='bicubic'),
    dict(type='CleanCaption', keys=['question']),
    dict(type='PackInputs', algorithm_keys=['question', 'gt_answer']),
]

model = dict(
    type='Blip2VQA',
    max_txt_len=10,
    multimodal_backbone=dict(
        type='Qformer',
        add_cross_attention=True,
        cross_attention_freq=2,
        model_style='bert-base-uncased',
        num_query_token=32,
        vision_model_width=1408,
    ),
    prompt='Question: {} Short Answer:',
    text_backbone=dict(type='OPTForCausalLM', name_or_path='facebook/opt-2.7b'),
    tokenizer=dict(type='AutoTokenizer', name_or_path='facebook/opt-2.7b', use_fast=False),
    vision_backbone=dict(
        type='BEiTViT',
        arch=dict(embed_dims=1408, feedforward_channels=6144, num_heads=16, num_layers=39),
        img_size=364,
        patch_size=14,
        final_norm=False,
        frozen_stages=39,
        layer_scale_init_value=0.0,
        out_indices=-2,
        out_type='raw',
        use_abs_pos_emb=True,
        use_rel_pos_bias=False,
        use_shared_rel_pos_bias=False,
    ),
    vision_neck=dict(type='LinearClsHead', num_classes=2560, in_channels=768),
)

train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
optim_wrapper = dict(optimizer=dict(type='AdamW', lr=1e-05, weight_decay=0.05))
param_scheduler = [dict(type='CosineAnnealingLR', by_epoch=True, begin=0, end=10)]
train_cfg = dict(max_epochs=10)
val_cfg = dict()
test_cfg = dict()
