_base_ = 'hornet-base_8xb64_in1k.py'

model = dict(backbone=dict(arch='small-gf', drop_path_rate=0.4), head=dict(in_channels=768))
optim_wrapper = dict(clip_grad=dict(max_norm=1.0))
