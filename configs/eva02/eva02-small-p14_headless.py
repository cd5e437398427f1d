data_preprocessor = dict(
    mean=[122.7709383, 116.7460125, 104.09373615000001],
    std=[68.5005327, 66.6321579, 70.32316304999999],
    to_rgb=True,
)

model = dict(
    type='ImageClassifier',
    backbone=dict(
        type='ViTEVA02',
        arch='s',
        img_size=224,
        patch_size=14,
        final_norm=False,
        out_type='avg_featmap',
    ),
    neck=None,
    head=None,
)
