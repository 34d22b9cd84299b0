"""What pyproject.toml can't say: extras come from the one list of packages, and the app's package has another name."""

from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
# Folders of a checkout that lie elsewhere once installed. The app is not called `demo` in everybody's site-packages.
PLACES = {
    "motionclip.app": "demo",
    "motionclip.shipped.weights": "weights",
    "motionclip.shipped.weights.evaluator": "weights/evaluator",
    "motionclip.shipped.configs": "configs",
}


def needed(file: str) -> dict[str, list[str]]:
    """Packages of a requirements file by extra: those below a line "# [train]" are train's, the first ones are ""'s."""
    parts: dict[str, list[str]] = {"": []}
    part = ""
    for line in (HERE / file).read_text(encoding="utf-8").splitlines():
        if line.startswith("# ["):
            part = line[3 : line.index("]")]
            parts[part] = []
        elif (package := line.split("#")[0].strip()) and not package.startswith("-"):
            parts[part].append(package)
    return parts


extras = needed("requirements.txt")
dependencies = extras.pop("")
setup(
    packages=[
        *find_packages(include=["motionclip", "motionclip.*"]),
        *PLACES,
        *(f"motionclip.app.{package}" for package in find_packages("demo")),
    ],
    package_dir=PLACES,
    install_requires=dependencies,
    extras_require=extras | {"dev": needed("requirements-dev.txt")[""] + [p for of in extras.values() for p in of]},
)
