_base_ = [
    '../_base_/datasets/coco_retrieval.py',
    '../_base_/schedules/imagenet_lars_coslr_200e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    type='BlipRetrieval',
    head=dict(type='ITCHead', embed_dim=256),
    max_txt_len=35,
    multimodal_head=dict(type='ITMHead', hidden_size=768, with_pooler=False),
    text_backbone=dict(
        type='XBertEncoder',
        med_config=dict(
            add_cross_attention=True,
            add_type_embeddings=False,
            architectures=['BertModel'],
            attention_probs_dropout_prob=0.1,
            encoder_width=768,
            hidden_act='gelu',
            hidden_dropout_prob=0.1,
            hidden_size=768,
            initializer_range=0.02,
            intermediate_size=3072,
            layer_norm_eps=1e-12,
            max_position_embeddings=512,
            model_type='bert',
            num_attention_heads=12,
            num_hidden_layers=12,
            pad_token_id=0,
            vocab_size=30524,
        ),
    ),
    text_neck=dict(type='Linear', in_features=768, out_features=256),
    tokenizer=dict(type='BlipTokenizer', name_or_path='bert-base-uncased'),
    topk=256,
    vision_backbone=dict(
        type='VisionTransformer',
        arch='b',
        img_size=384,
        patch_size=16,
        out_type='raw',
    ),
    vision_neck=dict(type='Linear', in_features=768, out_features=256),
)

optimizer = dict(type='AdamW', lr=2e-05, weight_decay=0.04)
optim_wrapper = dict(optimizer=dict(_delete_=True, type='AdamW', lr=2e-05, weight_decay=0.04))
param_scheduler = [dict(type='CosineAnnealingLR', by_epoch=True)]
train_cfg = dict(max_epochs=6)
val_cfg = dict(type='RetrievalValLoop')
test_cfg = dict(type='RetrievalTestLoop')
default_hooks = dict(logger=dict(interval=1))

custom_hooks = [
    dict(type='WarmupParamHook', module_name='head', param_name='alpha', warmup_epochs=2),
]

randomness = dict(seed=42)
