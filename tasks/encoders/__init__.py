"""Text and image encoders: their weights ship inside packages, torch is not needed and nothing is downloaded."""

from tasks.encoders.registry import ENCODERS, load_encoder

__all__ = ["ENCODERS", "load_encoder"]
