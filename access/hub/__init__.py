"""The gate that Hugging Face clients talk to: ``HF_ENDPOINT=<portal>/hf``.

Which routes and headers the clients need was read from huggingface_hub itself; see docs/hugging-face.md.
"""
