_base_ = 'cn-clip_vit-large-p14_zeroshot-cls_cifar100.py'

model = dict(
    proj_dim=1024,
    text_backbone=dict(
        config=dict(
            hidden_size=1024,
            intermediate_size=4096,
            num_attention_heads=16,
            num_hidden_layers=24,
        ),
    ),
    vision_backbone=dict(arch='huge'),
)
