"""The kernels: whether they are compiled or can be, for what, and whether they give the bits of all machines."""

import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from subject_zoo.base.errors import UserError
from subject_zoo.base.files import digest_of
from subject_zoo.doctor.asked import Asked
from subject_zoo.doctor.finding import Finding, fail, ok
from subject_zoo.kernels import library
from subject_zoo.kernels.targets import host_targets
from subject_zoo.provenance.packages import version_of

if TYPE_CHECKING:
    import numpy as np

KNOWN = "25c3b38bbfe661f9fcd449c23f6588df4975773a982e087e6e4b188b36291a39"
"""sha256 of `bits`, on any machine."""
_COMPILED = "make run installs what compiles them; the wheel brings them compiled"
_AGAIN = "delete the folder __pycache__ beside them, and look again; if it stays so, please report it"


def kernels(_: Asked) -> Iterator[Finding]:
    """Whether the kernels run here, by running them: where they are not compiled yet, they are, as a run would."""
    try:
        best, *_others = host_targets()
    except UserError as error:
        yield fail("kernels", str(error), "run on a machine that has one")
        return
    before = [library.standing(source) for source in sources()]
    start = time.perf_counter()
    try:
        computed = digest_of(bits())
    except UserError as error:
        yield fail("kernels", str(error), _COMPILED)
        return
    how = "compiled before" if all(before) else f"compiled just now, in {time.perf_counter() - start:.1f} s"
    names = ", ".join(source.stem for source in sources())
    if computed == KNOWN:
        yield ok("kernels", f"{names}, {how}, for {best.name}: their bits are those of all machines")
    else:
        yield fail("kernels", f"{names}, {how}, for {best.name}: their bits are not those of other machines", _AGAIN)


def compiler(_: Asked) -> Iterator[Finding]:
    """What compiles kernels. Where it lacks, and they do too, that was said of them."""
    if find_spec("ziglang") is not None:
        yield ok("compiler", f"ziglang {version_of('ziglang')}")
    elif all(library.standing(source) for source in sources()):
        yield ok("compiler", "none, and none needed: the kernels are compiled")


def sources() -> list[Path]:
    """The C files of the kernels."""
    return sorted(Path(library.__file__).parent.glob("*.c"))


def bits() -> bytes:
    """What all kernels make of fixed numbers. Raises UserError where they cannot be compiled or loaded."""
    import numpy as np

    from subject_zoo.kernels.loss import sum_losses
    from subject_zoo.kernels.mlp import KernelMLP, KernelTraining
    from subject_zoo.kernels.signature import SignatureKernel
    from subject_zoo.networks.architecture import Architecture

    architecture = Architecture(
        vocab_size=5, sequence_length=4, num_layers=2, neurons_per_layer=6, activation_type="gelu"
    )
    sizes = dict(zip(architecture.linear_names, architecture.layer_sizes, strict=True))
    weights = {}
    for name, (inputs, outputs) in sizes.items():
        weights[f"{name}.weight"] = _numbers(outputs * inputs).reshape(outputs, inputs)
        weights[f"{name}.bias"] = _numbers(outputs)
    tokens = (np.arange(64 * 4) * 7 % 11 % 5).astype(np.uint8).reshape(64, 4)
    labels = tokens[:, 0] > tokens[:, 1]
    mlp = KernelMLP(architecture, weights)
    seen = KernelTraining(mlp, tokens, labels, 16, [0.05] * 4).epoch(np.arange(64))
    activations, logits = mlp.activations(tokens, before=False)
    kernel = SignatureKernel(
        methods=["mean", "std", "pca", "entropy", "clustering"],
        groups=np.zeros((64, 0)),
        waves=np.zeros((64, 4)),
        information=np.arange(65) / 64,
        cut_weights=np.arange(63) / 63,
        bins=8,
        silent=0.0,
        rank_tolerance=1e-9,
        tie_tolerance=1e-9,
    )
    losses = sum_losses(logits[None], labels[None], None)
    return b"".join(np.ascontiguousarray(a).tobytes() for a in (seen, logits, losses, kernel.features(activations)))


def _numbers(count: int) -> "np.ndarray":
    import numpy as np

    return ((np.arange(count) * 37 % 101 - 50) / 64).astype(np.float32)
