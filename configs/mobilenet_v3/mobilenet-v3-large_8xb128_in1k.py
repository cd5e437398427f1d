_base_ = [
    '../_base_/models/mobilenet_v3/mobilenet_v3_large_imagenet.py',
    '../_base_/datasets/imagenet_bs128_mbv3.py',
    '../_base_/schedules/imagenet_bs256_epochstep.py',
    '../_base_/default_runtime.py',
]

optim_wrapper = dict(
    optimizer=dict(type='RMSprop', lr=0.064, alpha=0.9, eps=0.0316, weight_decay=1e-05),
)

param_scheduler = dict(step_size=2, gamma=0.973)
train_cfg = dict(max_epochs=600)
auto_scale_lr = dict(base_batch_size=1024)
