"""Motion and what it is computed with: skeleton, features, windows, foot contact."""
