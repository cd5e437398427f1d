_base_ = 'deit-small-distilled_4xb256_in1k.py'

model = dict(backbone=dict(type='VisionTransformer'), head=dict(type='VisionTransformerClsHead'))
