_base_ = 'vit-base-p32_64xb64_in1k-384px.py'

model = dict(backbone=dict(arch='l', patch_size=16), head=dict(in_channels=1024))
