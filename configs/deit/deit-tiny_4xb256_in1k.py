_base_ = 'deit-tiny-distilled_4xb256_in1k.py'

model = dict(backbone=dict(type='VisionTransformer'), head=dict(type='VisionTransformerClsHead'))
