"""Names of components of 1.x that are not here, so that messages can tell them from misspelt ones."""

from __future__ import annotations

#: Models, heads, necks and metrics. One that a registry knows by now is not looked up here.
NOT_YET = frozenset(
    """
    ANLS BEiT BEiTPretrainViT BEiTV2Neck BYOL BarlowTwins Blip2Caption Blip2Retrieval Blip2VQA
    BlipCaption BlipGrounding BlipNLVR BlipRetrieval BlipVQA CAE CAENeck CAEPretrainViT CLIP
    CLIPGenerator CLIPZeroShot COCOCaption ChineseCLIP Conformer DALL-E DaViT DenseCL EVA
    EfficientFormer Flamingo GQAAcc GroundingHead HOGGenerator ITCHead ITMHead LeViT Llava MAE
    MAEHiViT MAEPretrainDecoder MAEViT MFF MFFViT MILAN MILANPretrainDecoder MILANViT MViT MaskFeat
    MaskFeatViT MiniGPT4 MixMIM MixMIMPretrainDecoder MixMIMPretrainTransformer MixMIMTransformer
    MoCo MoCoV3 MoCoV3ViT NocapsSave OFA Otter PyramidVig RAM RAMNormal RAMOpenset RepLKNet
    RepMLPNet ReportVQA RevVisionTransformer ScienceQAMetric SeqGenerationHead SimCLR SimMIM
    SimMIMSwinTransformer SimSiam SparK SparKLightDecoder SparseBatchNorm2d SparseConvNeXt
    SparseLN2d SparseResNet SparseSyncBatchNorm2d SwAV T2T_ViT TNT TinyViT VQAAcc VQAGenerationHead
    VQKD ViTSAM Vig VisualGroundingMetric iTPN iTPNHiViT iTPNPretrainDecoder
    """.split()
)
