_base_ = 'vit-base-p16_8xb64-coslr-150e_in1k.py'

model = dict(backbone=dict(arch='large', drop_path_rate=0.5), head=dict(in_channels=1024))

param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, begin=0, end=5, convert_to_iter_based=True),
    dict(
        type='CosineAnnealingLR',
        T_max=95,
        eta_min=1e-05,
        by_epoch=True,
        begin=5,
        end=100,
        convert_to_iter_based=True,
    ),
]

train_cfg = dict(max_epochs=100)
