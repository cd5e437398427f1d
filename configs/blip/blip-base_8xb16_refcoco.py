_base_ = ['../_base_/datasets/refcoco.py', '../_base_/default_runtime.py']

med_config = dict(
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
)

model = dict(
    type='BlipGrounding',
    head=dict(
        type='GroundingHead',
        box_giou_loss_coeff=2.0,
        box_l1_loss_coeff=4.0,
        decoder=dict(type='XBertLMHeadDecoder', med_config=med_config),
    ),
    multimodal_encoder=dict(type='XBertEncoder', med_config=med_config),
    text_encoder=dict(type='XBertEncoder', med_config=med_config),
    tokenizer=dict(type='BlipTokenizer', name_or_path='bert-base-uncased'),
    visual_encoder=dict(
        type='VisionTransformer',
        arch='b',
        img_size=384,
        patch_size=16,
        out_type='raw',
    ),
)

optimizer = dict(type='AdamW', lr=1.5e-05, weight_decay=0.02)
optim_wrapper = dict(type='OptimWrapper', optimizer=optimizer)
param_scheduler = [dict(type='CosineAnnealingLR', by_epoch=True)]
train_cfg = dict(max_epochs=120, by_epoch=True)
val_cfg = dict()
test_cfg = dict()
