_base_ = ['../_base_/datasets/coco_vqa.py', '../_base_/default_runtime.py']

data_preprocessor = dict(mean=[127.5, 127.5, 127.5], std=[127.5, 127.5, 127.5])

model = dict(
    type='OFA',
    decoder_cfg=dict(num_heads=12, num_layers=6),
    embedding_dim=768,
    encoder_cfg=dict(embed_images=dict(type='OFAResNet', depth=101), num_heads=12, num_layers=6),
    generation_cfg=dict(length_penalty=0.0, max_new_tokens=200, num_beams=20, use_cache=True),
    task='vqa',
    tokenizer=dict(type='OFATokenizer', name_or_path='OFA-Sys/OFA-base'),
    vocab_size=59457,
)

train_dataloader = None
train_cfg = None
val_cfg = dict()
test_cfg = dict()
