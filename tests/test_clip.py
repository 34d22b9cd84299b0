"""The paper's own space, with CLIP towers of the true size at random weights: what they compute, training, the app."""
