_base_ = 'vit-base-p32_64xb64_in1k-384px.py'

bgr_mean = [103.53, 116.28, 123.675]
bgr_std = [57.375, 57.12, 58.395]
model = dict(backbone=dict(arch='l'), head=dict(in_channels=1024))
