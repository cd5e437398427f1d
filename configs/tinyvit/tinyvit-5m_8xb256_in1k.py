_base_ = 'tinyvit-5m-distill_8xb256_in1k.py'
