_base_ = 'hornet-base_8xb64_in1k.py'

model = dict(backbone=dict(arch='base-gf'))
optim_wrapper = dict(clip_grad=dict(max_norm=1.0))
