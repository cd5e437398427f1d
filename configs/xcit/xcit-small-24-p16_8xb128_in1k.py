_base_ = 'xcit-small-12-p8_8xb128_in1k.py'

model = dict(backbone=dict(depth=24, patch_size=16, layer_scale_init_value=1e-05))
