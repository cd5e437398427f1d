_base_ = 'regnetx-12gf_8xb64_in1k.py'

model = dict(backbone=dict(arch='regnetx_800mf'), head=dict(in_channels=672))
train_dataloader = dict(batch_size=128)
optim_wrapper = dict(optimizer=dict(lr=0.8))
auto_scale_lr = dict(base_batch_size=1024)
