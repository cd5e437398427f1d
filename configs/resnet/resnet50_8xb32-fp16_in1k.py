_base_ = 'resnet50_8xb32_in1k.py'

optim_wrapper = dict(type='AmpOptimWrapper', loss_scale=512.0)
