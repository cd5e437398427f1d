_base_ = '../_base_/default_runtime.py'

data_preprocessor = dict(
    type='MultiModalDataPreprocessor',
    mean=[122.7709383, 116.7460125, 104.09373615000001],
    std=[68.5005327, 66.6321579, 70.32316304999999],
    to_rgb=False,
)

test_pipeline = [
    dict(type='Resize', scale=(224, 224), interpolation='bicubic'),
    dict(type='PackInputs', meta_keys=['image_id', 'scale_factor']),
]

model = dict(
    type='ChineseCLIP',
    proj_dim=1024,
    text_backbone=dict(
        type='BertModelCN',
        config=dict(
            add_type_embeddings=True,
            attention_probs_dropout_prob=0.1,
            hidden_act='gelu',
            hidden_dropout_prob=0.1,
            hidden_size=768,
            initializer_range=0.02,
            intermediate_size=3072,
            layer_norm_eps=1e-12,
            max_position_embeddings=512,
            num_attention_heads=12,
            num_hidden_layers=3,
            pad_token_id=0,
            type_vocab_size=2,
            vocab_size=21128,
        ),
    ),
    text_prototype='cifar100',
    tokenizer=dict(
        type='FullTokenizer',
        vocab_file='https://download.openmmlab.com/mmpretrain/v1.0/chinese_clip/vocab.txt',
    ),
    vision_backbone=dict(
        type='ModifiedResNet',
        depth=50,
        base_channels=64,
        input_size=224,
        num_attn_heads=32,
        output_dim=1024,
    ),
)

train_dataloader = None

test_dataloader = dict(
    batch_size=32,
    num_workers=8,
    dataset=dict(type='CIFAR100', data_root='data/cifar100', split='test', pipeline=test_pipeline),
    sampler=dict(type='DefaultSampler', shuffle=False),
)

test_evaluator = dict(type='Accuracy', topk=(1, ))
train_cfg = None
val_cfg = None
test_cfg = dict()
