_base_ = 'mocov3_resnet50_8xb512-amp-coslr-100e_in1k.py'

optim_wrapper = dict(optimizer=dict(lr=4.8))

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
        T_max=290,
        by_epoch=True,
        begin=10,
        end=300,
        convert_to_iter_based=True,
    ),
]

train_cfg = dict(max_epochs=300)
