_base_ = 'hornet-base_8xb64_in1k.py'

model = dict(backbone=dict(arch='tiny-gf', drop_path_rate=0.2), head=dict(in_channels=512))
data = dict(samples_per_gpu=128)
optim_wrapper = dict(clip_grad=dict(max_norm=1.0))
