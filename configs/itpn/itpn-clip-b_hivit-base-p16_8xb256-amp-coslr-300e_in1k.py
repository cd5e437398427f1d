_base_ = 'itpn-clip-b_hivit-base-p16_8xb256-amp-coslr-800e_in1k.py'

model = dict(backbone=dict(drop_path_rate=0.0), head=dict(loss=dict(type='CosineSimilarityLoss')))
optim_wrapper = dict(optimizer=dict(betas=(0.9, 0.98)))

param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=0.0001,
        by_epoch=True,
        begin=0,
        end=10,
        convert_to_iter_based=True,
    ),
    dict(
        type='CosineAnnealingLR',
        eta_min=1e-05,
        by_epoch=True,
        begin=10,
        end=300,
        convert_to_iter_based=True,
    ),
]

train_cfg = dict(max_epochs=300)
