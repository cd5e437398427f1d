"""Names of components of 1.x that are not here, so that messages can tell them from misspelt ones."""

from __future__ import annotations

#: Models, heads, necks and metrics. One that a registry knows by now is not looked up here.
NOT_YET = frozenset(
    """
    ANLS Blip2Caption Blip2Retrieval Blip2VQA BlipCaption BlipGrounding BlipNLVR BlipRetrieval
    BlipVQA CLIP CLIPZeroShot COCOCaption ChineseCLIP Flamingo GQAAcc GroundingHead ITCHead ITMHead
    Llava MiniGPT4 NocapsSave OFA Otter RAM RAMNormal RAMOpenset ReportVQA ScienceQAMetric
    SeqGenerationHead VQAAcc VQAGenerationHead VisualGroundingMetric
    """.split()
)
