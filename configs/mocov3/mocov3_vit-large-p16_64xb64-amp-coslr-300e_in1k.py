_base_ = 'mocov3_vit-base-p16_16xb256-amp-coslr-300e_in1k.py'

model = dict(backbone=dict(arch='large'), neck=dict(in_channels=1024))
train_dataloader = dict(batch_size=64)
optim_wrapper = dict(clip_grad=dict(error_if_nonfinite=False, max_norm=5.0))
randomness = dict(seed=0)
