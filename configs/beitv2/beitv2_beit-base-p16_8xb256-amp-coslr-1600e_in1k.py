_base_ = 'beitv2_beit-base-p16_8xb256-amp-coslr-300e_in1k.py'

drop_path_rate = 0.1
model = dict(backbone=dict(drop_path_rate=0.1), neck=dict(drop_path_rate=0.1))
optim_wrapper = dict(optimizer=dict(betas=(0.9, 0.999)))

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
        end=1600,
        convert_to_iter_based=True,
    ),
]

train_cfg = dict(max_epochs=1600)
