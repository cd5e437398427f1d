_base_ = [
    '../_base_/models/vgg16.py',
    '../_base_/datasets/voc_bs16.py',
    '../_base_/schedules/imagenet_bs256_epochstep.py',
    '../_base_/default_runtime.py',
]

pretrained = 'https://download.openmmlab.com/mmclassification/v0/vgg/vgg16_batch256_imagenet_20210208-db26f1a5.pth'

model = dict(
    backbone=dict(
        num_classes=20,
        init_cfg=dict(
            type='Pretrained',
            prefix='backbone',
            checkpoint='https://download.openmmlab.com/mmclassification/v0/vgg/vgg16_batch256_imagenet_20210208-db26f1a5.pth',
        ),
    ),
    head=dict(
        _delete_=True,
        type='MultiLabelClsHead',
        loss=dict(type='CrossEntropyLoss', loss_weight=1.0, use_sigmoid=True),
    ),
)

optim_wrapper = dict(
    optimizer=dict(lr=0.001, weight_decay=0),
    paramwise_cfg=dict(custom_keys={'.backbone.classifier': dict(lr_mult=10)}),
)

param_scheduler = dict(step_size=20, gamma=0.1)
train_cfg = dict(max_epochs=40)
auto_scale_lr = dict(base_batch_size=128)
