_base_ = 'ofa-base_zeroshot_vqa.py'

data_preprocessor = dict(type='MultiModalDataPreprocessor')

model = dict(
    decoder_cfg=dict(num_heads=16, num_layers=12),
    embedding_dim=1024,
    encoder_cfg=dict(embed_images=dict(depth=152), num_heads=16, num_layers=12),
    tokenizer=dict(name_or_path='OFA-Sys/OFA-large'),
)
