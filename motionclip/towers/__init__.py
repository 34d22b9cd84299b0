"""Frozen text towers: sentences → embeddings."""
