_base_ = [
    '../_base_/models/densenet/densenet121.py',
    '../_base_/datasets/imagenet_bs64.py',
    '../_base_/schedules/imagenet_bs256.py',
    '../_base_/default_runtime.py',
]

train_dataloader = dict(batch_size=256)
train_cfg = dict(max_epochs=90)
auto_scale_lr = dict(base_batch_size=1024)
