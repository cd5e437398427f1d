# VICReg (https://arxiv.org/abs/2105.04906), 100 epochs.
_base_ = '../barlowtwins/barlowtwins_resnet50_8xb256-coslr-300e_in1k.py'

model = dict(
    type='VICReg',
    head=dict(
        _delete_=True,
        type='VICRegHead',
        loss=dict(type='VICRegLoss', sim_coeff=25.0, std_coeff=25.0, cov_coeff=1.0),
    ),
)

optim_wrapper = dict(
    optimizer=dict(lr=2.4, weight_decay=1e-6),
    paramwise_cfg=dict(
        _delete_=True,
        custom_keys={
            'bias': dict(decay_mult=0, lars_exclude=True),
            'bn': dict(decay_mult=0, lars_exclude=True),
            'downsample.1': dict(decay_mult=0, lars_exclude=True),
        },
    ),
)

param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=1e-4,
        by_epoch=True,
        begin=0,
        end=10,
        convert_to_iter_based=True,
    ),
    dict(
        type='CosineAnnealingLR',
        T_max=90,
        eta_min=0.002,
        by_epoch=True,
        begin=10,
        end=100,
        convert_to_iter_based=True,
    ),
]

train_cfg = dict(max_epochs=100)
