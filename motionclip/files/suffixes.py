"""The suffixes of motion files: what is read, what is written, and in which layouts."""

READABLE = (".npz", ".bvh", ".npy", ".pt", ".pkl", ".glb", ".gltf", ".vrm", ".vrma", ".c3d")
WRITABLE = (".npz", ".bvh", ".glb", ".mp4", ".gif")  # what the page offers
FOR_TOOLS = (".vrma", ".npy")  # written, too
FOR_CHARACTERS = (".glb", ".vrm")  # read and written with a character in them
# Suffix → what `layout` can be, the usual one first.
LAYOUTS = {".npz": ("smpl", "amass", "smplx"), ".npy": ("joints", "humanml3d")}
