"""Pictures: skeleton videos, plots, and bodies with a surface."""
