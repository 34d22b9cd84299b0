"""Training: data folders, captions, losses, and the bank and the reader that belong to a model."""
