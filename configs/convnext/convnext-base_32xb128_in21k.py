_base_ = [
    '../_base_/models/convnext/convnext-base.py',
    '../_base_/datasets/imagenet21k_bs128.py',
    '../_base_/schedules/imagenet_bs1024_adamw_swin.py',
    '../_base_/default_runtime.py',
]

data_preprocessor = dict(num_classes=21841)
model = dict(head=data_preprocessor)
val_cfg = None
test_cfg = None
train_dataloader = dict(batch_size=128)
optim_wrapper = dict(optimizer=dict(lr=0.004), clip_grad=dict(max_norm=5.0))
auto_scale_lr = dict(base_batch_size=4096)
