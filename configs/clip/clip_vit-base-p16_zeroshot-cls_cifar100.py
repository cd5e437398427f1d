_base_ = '../_base_/default_runtime.py'

data_preprocessor = dict(
    type='MultiModalDataPreprocessor',
    mean=[122.7709383, 116.7460125, 104.09373615000001],
    std=[68.5005327, 66.6321579, 70.32316304999999],
    to_rgb=False,
)

test_pipeline = [
    dict(type='Resize', scale=(224, 224), interpolation='bicubic'),
    dict(type='PackInputs', algorithm_keys=['text'], meta_keys=['image_id', 'scale_factor']),
]

model = dict(
    type='CLIPZeroShot',
    context_length=77,
    proj_dim=512,
    projection=dict(type='CLIPProjection', in_channels=768, out_channels=512),
    text_backbone=dict(type='CLIPTransformer', attn_mask=True, heads=8, layers=12, width=512),
    text_prompt='openai_cifar100',
    text_prototype='cifar100',
    tokenizer=dict(
        type='AutoTokenizer',
        name_or_path='openai/clip-vit-base-patch16',
        use_fast=False,
    ),
    transformer_width=512,
    vision_backbone=dict(
        type='VisionTransformer',
        arch='base',
        img_size=224,
        patch_size=16,
        drop_rate=0.0,
        layer_cfgs=dict(act_cfg=dict(type='QuickGELU')),
        pre_norm=True,
    ),
    vocab_size=49408,
)

train_dataloader = None

test_dataloader = dict(
    batch_size=32,
    num_workers=8,
    dataset=dict(type='CIFAR100', data_root='data/cifar100', split='test', pipeline=test_pipeline),
    sampler=dict(type='DefaultSampler', shuffle=False),
)

test_evaluator = dict(type='Accuracy', topk=(1, 5))
train_cfg = None
val_cfg = None
test_cfg = dict()
