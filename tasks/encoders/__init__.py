"""Text and image encoders: the weights ship in packages; no torch, and nothing is downloaded."""

from tasks.encoders.registry import ENCODERS, load_encoder

__all__ = ["ENCODERS", "load_encoder"]
