"""The wheel comes with the kernels compiled, so that whoever installs it needs no compiler, for every machine that is
promised but Windows, whose take a minute to build. All else stands in pyproject.toml."""

import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

sys.path.insert(0, str(Path(__file__).with_name("scripts")))


class BuildWithKernels(build_py):
    """Builds the package, and the libraries beside the sources of its kernels."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return  # compiled where they are first needed, as in a clone
        from subject_zoo.kernels.compiler import compile_kernel
        from subject_zoo.kernels.library import BUILT, keep, library_name
        from subject_zoo.kernels.targets import TARGETS

        kernels = Path(self.build_lib, "subject_zoo", "kernels")
        (kernels / BUILT).mkdir(exist_ok=True)
        for source in sorted(kernels.glob("*.c")):
            for target in TARGETS.values():
                if not target.name.startswith("win32"):
                    library = kernels / BUILT / library_name(source, target)
                    compile_kernel(source, target, library)
                    keep(library, library.read_bytes())


setup(cmdclass={"build_py": BuildWithKernels})
