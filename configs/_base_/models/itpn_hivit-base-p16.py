model = dict(
    type='iTPN',
    backbone=dict(type='iTPNHiViT', arch='base', mask_ratio=0.75, reconstruction_type='pixel'),
    neck=dict(
        type='iTPNPretrainDecoder',
        patch_size=16,
        decoder_depth=6,
        decoder_embed_dim=512,
        decoder_num_heads=16,
        embed_dim=512,
        fpn_depth=2,
        fpn_dim=256,
        in_chans=3,
        mlp_ratio=4.0,
        num_outs=3,
        num_patches=196,
        reconstruction_type='pixel',
    ),
    head=dict(
        type='MAEPretrainHead',
        patch_size=16,
        loss=dict(type='PixelReconstructionLoss', criterion='L2'),
        norm_pix=True,
    ),
    init_cfg=[
        dict(type='Xavier', distribution='uniform', layer='Linear'),
        dict(type='Constant', bias=0.0, layer='LayerNorm', val=1.0),
    ],
)
