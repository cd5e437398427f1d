_base_ = [
    '../_base_/models/poolformer/poolformer_m36.py',
    '../_base_/datasets/imagenet_bs128_poolformer_medium_224.py',
    '../_base_/schedules/imagenet_bs1024_adamw_swin.py',
    '../_base_/default_runtime.py',
]

optim_wrapper = dict(optimizer=dict(lr=0.004), clip_grad=dict(max_norm=5.0))
auto_scale_lr = dict(base_batch_size=4096)
