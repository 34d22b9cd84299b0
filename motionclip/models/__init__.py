"""Models between motion and latents, and the folders that they are kept in."""
