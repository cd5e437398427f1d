_base_ = 'xcit-tiny-12-p8_8xb128_in1k-384px.py'

model = dict(backbone=dict(depth=24, patch_size=16, layer_scale_init_value=1e-05))
