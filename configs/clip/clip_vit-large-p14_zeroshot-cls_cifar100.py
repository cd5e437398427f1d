_base_ = 'clip_vit-base-p16_zeroshot-cls_cifar100.py'

model = dict(
    proj_dim=768,
    projection=dict(in_channels=1024, out_channels=768),
    text_backbone=dict(heads=12, width=768),
    tokenizer=dict(name_or_path='openai/clip-vit-large-patch14'),
    transformer_width=768,
    vision_backbone=dict(arch='large', patch_size=14),
)
