_base_ = 'simclr_resnet50_16xb256-coslr-200e_in1k.py'

train_dataloader = dict(batch_size=32)
optim_wrapper = dict(optimizer=dict(lr=0.3))
auto_scale_lr = dict(base_batch_size=256)
