_base_ = [
    '../_base_/datasets/coco_retrieval.py',
    '../_base_/schedules/imagenet_lars_coslr_200e.py',
    '../_base_/default_runtime.py',
]

test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(364, 364), backend='pillow', interpolation='bicubic'),
    dict(type='CleanCaption', keys='text'),
    dict(
        type='PackInputs',
        algorithm_keys=['text', 'gt_text_id', 'gt_image_id'],
        meta_keys=['image_id'],
    ),
]

model = dict(
    type='Blip2Retrieval',
    max_txt_len=35,
    multimodal_backbone=dict(
        type='Qformer',
        add_cross_attention=True,
        cross_attention_freq=2,
        model_style='bert-base-uncased',
        num_query_token=32,
        vision_model_width=1408,
    ),
    multimodal_head=dict(type='ITMHead', hidden_size=768, with_pooler=False),
    text_neck=dict(type='LinearClsHead', num_classes=256, in_channels=768),
    tokenizer=dict(type='Blip2Tokenizer', name_or_path='bert-base-uncased'),
    topk=128,
    vision_backbone=dict(
        type='BEiTViT',
        arch=dict(embed_dims=1408, feedforward_channels=6144, num_heads=16, num_layers=39),
        img_size=364,
        patch_size=14,
        final_norm=False,
        layer_scale_init_value=0.0,
        out_type='raw',
        use_abs_pos_emb=True,
        use_rel_pos_bias=False,
        use_shared_rel_pos_bias=False,
    ),
    vision_neck=dict(type='LinearClsHead', num_classes=256, in_channels=768),
)

val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
optimizer = dict(type='AdamW', lr=2e-05, weight_decay=0.04)
optim_wrapper = dict(optimizer=dict(_delete_=True, type='AdamW', lr=2e-05, weight_decay=0.04))
param_scheduler = [dict(type='CosineAnnealingLR', by_epoch=True)]
train_cfg = dict(max_epochs=6)
val_cfg = dict(type='RetrievalValLoop')
test_cfg = dict(type='RetrievalTestLoop')
randomness = dict(seed=42)
