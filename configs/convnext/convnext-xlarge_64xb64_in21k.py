_base_ = 'convnext-large_64xb64_in21k.py'
