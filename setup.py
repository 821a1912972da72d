"""The wheel comes with the kernels compiled, so that whoever installs it needs no compiler: one wheel for every machine
that is promised but Windows, whose libraries take two minutes to build. No library of it needs one of the system, or a
version of one, so that the wheel may be called py3-none-any. All else stands in pyproject.toml."""

import os
import shutil
import sys
from pathlib import Path
from typing import Any

from setuptools import setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

sys.path.insert(0, str(Path(__file__).with_name("scripts")))

FIRST_DAY = "315532800"  # of the dates that zip files know: 1 January 1980


class BuildWithKernels(build_py):
    """Builds the package, and the libraries beside the sources of its kernels."""

    def run(self) -> None:
        shutil.rmtree(self.build_lib, ignore_errors=True)  # what an earlier build left would go into this wheel
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


class SameWheel(bdist_wheel):
    """A wheel whose bytes are those of any other that is made of the same tree."""

    def write_wheelfile(self, *args: Any, **options: Any) -> None:
        """The last of what is written before all is packed."""
        super().write_wheelfile(*args, **options)
        os.environ.setdefault("SOURCE_DATE_EPOCH", FIRST_DAY)
        for path in Path(self.bdist_dir).rglob("*"):
            if path.is_file():
                path.chmod(0o644)


setup(cmdclass={"build_py": BuildWithKernels, "bdist_wheel": SameWheel})
