"""The kernels on a 64-bit ARM processor give the bytes that they give on x86-64: the libraries as a wheel brings them,
under qemu's user emulation."""

import math
import platform
import shutil
import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from subject_zoo.base.terms import ACTIVATIONS, ADAM_BETAS, ADAM_EPSILON, SIGNATURE_METHODS
from subject_zoo.kernels import mlp as mlp_module
from subject_zoo.kernels import signature as signature_module
from subject_zoo.kernels.compiler import compile_kernel
from subject_zoo.kernels.mlp import KernelMLP
from subject_zoo.kernels.targets import TARGETS
from subject_zoo.networks.architecture import Architecture
from subject_zoo.signatures.extractor import ActivationSignatureExtractor
from subject_zoo.training.start import initial_weights
from tests.kernels.shared_library import SharedLibrary

KERNELS = Path(mlp_module.__file__).parent
FLAGS = ["-static", "-fno-pic", "-Wno-override-module"]
EMULATOR = shutil.which("qemu-aarch64") or shutil.which("qemu-aarch64-static")
BOUNDARY = np.float32(2.0**-126)  # the least number that is not flushed to zero
Run = Callable[[list], bytes]

pytestmark = [
    pytest.mark.skipif(platform.machine() != "x86_64", reason="compares a 64-bit ARM processor with this one"),
    pytest.mark.skipif(EMULATOR is None, reason="qemu-user is not installed: apt-get install qemu-user"),
]


def blobs(parts: list) -> bytes:
    """Arrays, structures and numbers as the driver reads them; None is a null pointer."""
    encoded = []
    for part in parts:
        data = b"" if part is None else np.int64(part).tobytes() if isinstance(part, int) else bytes(part)
        encoded += [np.int64(len(data)).tobytes(), data]
    return b"".join(encoded)


@pytest.fixture(scope="module")
def machines(tmp_path_factory) -> dict[str, Callable[[str], Run]]:
    """By machine, for a kernel: a function that runs its driver there."""
    folder = tmp_path_factory.mktemp("drivers")

    def build(name: str, kernel: str) -> Path:
        program = folder / f"{kernel}-{name}"
        if not program.exists():
            source, parts = KERNELS / f"{kernel}.c", folder / f"{kernel}-{name}-parts"
            parts.mkdir()
            compile_kernel(source, TARGETS[name], parts / "library")
            library = SharedLibrary((parts / "library").read_bytes()).as_assembly(parts)
            defined = [f'-DKERNEL="{source}"', f"-D{kernel.upper()}"]
            driver = Path(__file__).with_name("driver.c")
            compile_kernel(driver, TARGETS[name], program, [*FLAGS, *defined, str(library)])
        return program

    def runner(name: str, emulator: list[str]) -> Callable[[str], Run]:
        def of_kernel(kernel: str) -> Run:
            program = build(name, kernel)
            return lambda parts: (
                subprocess.run([*emulator, program], input=blobs(parts), capture_output=True, check=True).stdout
            )

        return of_kernel

    return {"x86": runner("linux-x86_64-v3", []), "arm": runner("linux-aarch64", [EMULATOR])}


def training(architecture: Architecture, rows: int, batch: int, seed: int, dropout: bool = False) -> list:
    """What the driver needs to train and evaluate a network."""
    rng = np.random.default_rng(seed)
    mlp = KernelMLP(architecture, initial_weights(architecture, rng))
    tokens = rng.integers(0, architecture.vocab_size, (rows, architecture.sequence_length), dtype=np.uint8)
    steps = -(-rows // batch)
    kept = rng.random((steps, architecture.num_layers, batch, architecture.neurons_per_layer)) < 0.8
    moments = [np.zeros(len(mlp.parameters), np.float32) for _ in range(2)]
    rates, scales = np.full(steps, 0.02, np.float32), np.full(steps, 1.1, np.float32)
    order = rng.permutation(rows).astype(np.int32)
    penalties = np.where(rng.random(len(mlp.parameters)) < 0.3, np.inf, 0.5).astype(np.float32)
    restraint = (mlp.parameters.copy(), penalties, rates) if dropout else (None, None, None)
    return [
        *(mlp.network, mlp_module._ADAM, mlp.parameters, *moments, rates, scales, *restraint),
        *(tokens, tokens[:, 0] < tokens[:, 1], kept if dropout else None, order, rows, batch),
    ]


@pytest.mark.parametrize("encoding", ["one_hot", "ordinal"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_training_and_evaluation_are_equal(machines, activation, encoding):
    for seed, (depth, neurons, rows, batch) in enumerate([(1, 3, 50, 16), (3, 24, 257, 64)]):
        architecture = Architecture(7, 7, depth, neurons, activation, 0.2, encoding)
        parts = training(architecture, rows, batch, seed, dropout=bool(seed))
        results = {name: run("mlp")(parts) for name, run in machines.items()}
        assert results["x86"] == results["arm"]
        assert len(results["x86"]) > 4 * rows


def test_the_driver_computes_what_python_does(machines):
    architecture = Architecture(7, 7, 2, 9, "gelu")
    parts = training(architecture, 40, 40, 0)
    made = np.frombuffer(machines["x86"]("mlp")(parts), np.float32)
    mlp = KernelMLP(architecture, initial_weights(architecture, np.random.default_rng(0)))
    mlp.parameters[:] = made[: len(mlp.parameters)]
    after = made[3 * len(mlp.parameters) + 40 :]
    assert after[:40].tobytes() == mlp.logits(parts[10]).tobytes()
    assert made.tobytes().endswith(mlp.classify_silenced(parts[10]).tobytes())


def test_numbers_at_the_edges_are_equal(machines):
    """Infinities, the largest and the least numbers, ties: as weights and as moments of Adam."""
    architecture = Architecture(5, 4, 2, 8, "tanh", input_encoding="ordinal")
    for place, value in enumerate([np.inf, -np.inf, 3e38, 1e-38, 1e-45, -1e-45, BOUNDARY, 0.5, -0.0]):
        parts = training(architecture, 32, 8, place)
        for array in parts[2:5]:
            array[place::11] = value
        parts[4] = np.abs(parts[4])
        results = [np.frombuffer(run("mlp")(parts), np.float32).copy() for run in machines.values()]
        for result in results:
            result[np.isnan(result)] = np.nan  # a NaN's sign is the processor's choice; `KernelMLP.weights` has one NaN
        assert results[0].tobytes() == results[1].tobytes(), value


# x86 flushes a result that is tiny after rounding, ARM one that is tiny before: they differ where the exact result is
# below 2^-126 by less than a quarter of a unit in the last place, so that rounding takes it up. The three tests below
# show that this is so, and that it does not reach what is learnt: Adam's moments alone decay through that place.


def test_machines_differ_where_rounding_takes_a_result_up_to_the_boundary(machines):
    architecture = Architecture(5, 4, 1, 8, "relu", input_encoding="ordinal")
    parts = training(architecture, 8, 8, 0)
    mlp = KernelMLP(architecture, initial_weights(architecture, np.random.default_rng(0)))
    for name, view in mlp._views.items():
        view[...] = 0
        if name.endswith("weight"):  # (1 + 2^-13) / 2 times 2^-125 (1 - 2^-13)
            view[0, 0] = {"0": (1 + 2.0**-13) / 2, "2": 2.0**-125 * (1 - 2.0**-13)}[name.split(".")[1]]
    parts[2], parts[5], parts[10] = mlp.parameters, np.zeros(1, np.float32), np.ones((8, 4), np.uint8)
    logits = [np.frombuffer(run("mlp")(parts), np.float32)[-88:-80] for run in machines.values()]
    assert (logits[0] == BOUNDARY).all()
    assert (logits[1] == 0).all()


def meets_that_place(beta: float, moment: np.float32) -> bool:
    """Whether a moment, decaying once, lands where machines differ; in exact numbers, as m - (1 - beta) m, fused."""
    exact = lambda value: Fraction(float(value))  # noqa: E731
    share = (1 - exact(np.float32(1 - beta))) * exact(moment) / exact(BOUNDARY)
    return 1 - Fraction(1, 2**25) <= share < 1


def test_a_decaying_moment_meets_that_place_for_one_number_and_epsilon_hides_it():
    """Only a moment next to 2^-126 / beta can. The first one never does; the second, at one number in thousands, and
    its root is then lost in epsilon, so that the step is the same."""
    met = {}
    for beta in ADAM_BETAS:
        nearest = np.float32(float(BOUNDARY) / beta)
        around = [np.float32(nearest + step * np.float32(2.0**-149)) for step in range(-8, 9)]
        met[beta] = sum(meets_that_place(beta, moment) for moment in around)
    assert met == {ADAM_BETAS[0]: 0, ADAM_BETAS[1]: 1}
    epsilon, largest_scale = np.float32(ADAM_EPSILON), np.float32(1 / math.sqrt(1 - ADAM_BETAS[1]))
    assert np.float32(np.sqrt(BOUNDARY) * largest_scale) + epsilon == epsilon


def test_moments_about_there_leave_equal_parameters(machines):
    architecture = Architecture(7, 7, 2, 16, "relu")
    parts = training(architecture, 64, 32, 3)
    around = 1 + np.arange(-8, 8, dtype=np.float32) * np.finfo(np.float32).eps
    count = len(parts[2])
    parts[3] = np.resize(np.float32(BOUNDARY / 0.9) * around, count).astype(np.float32)
    parts[4] = np.resize(np.float32(BOUNDARY / 0.999) * around, count).astype(np.float32)
    x86, arm = (np.frombuffer(run("mlp")(parts), np.float32) for run in machines.values())
    assert x86[:count].tobytes() == arm[:count].tobytes()
    assert x86[3 * count :].tobytes() == arm[3 * count :].tobytes()
    assert np.abs(x86[count : 3 * count] - arm[count : 3 * count]).max() <= BOUNDARY


@pytest.mark.parametrize("width", [1, 5, 24, 33])
def test_signatures_are_equal(machines, width):
    rng = np.random.default_rng(width)
    member = rng.random((90, 4)) < 0.3
    member[:4] = np.eye(4, dtype=bool)
    member[4] = False
    extractor = ActivationSignatureExtractor(SIGNATURE_METHODS, member, "abcd", components=3, entropy_bins=16)
    kernel = extractor._kernel
    activations = rng.normal(size=(3, 90, width)).astype(np.float32)
    activations[1] = np.maximum(activations[1], 0)  # zeros and equal values
    activations[2, :, 0] = 0.25  # a constant neuron
    activations[2, :8] = np.float32(1e-39)
    parts = [kernel._signature, *kernel._tables, activations, 3, width]
    results = {name: run("signature")(parts) for name, run in machines.items()}
    assert results["x86"] == results["arm"]
    features = np.frombuffer(results["x86"], np.float64)[1:].reshape(3, width, -1)
    assert features.tobytes() == kernel.features(activations).tobytes()
    assert signature_module.SignatureKernel is type(kernel)


def test_losses_are_equal(machines):
    rng = np.random.default_rng(0)
    logits = (10 * rng.normal(size=(5, 203))).astype(np.float32)
    logits[0, :9] = [0.0, -0.0, 1e-45, -1e-45, 3e38, -3e38, 1e-38, 88.0, -708.5]
    labels, weights = rng.random((5, 203)) < 0.5, rng.random(203)
    for chosen in (None, weights):
        results = [run("loss")([logits, labels, chosen, 5, 203]) for run in machines.values()]
        assert results[0] == results[1]
        assert np.isfinite(np.frombuffer(results[0])).all()
