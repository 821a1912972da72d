"""A Hugging Face Hub on loopback: datasets, LFS and Xet uploads, and faults on demand.

Real clients (`huggingface_hub`, `datasets`, `hf_xet`) talk to it over HTTP in tests of publishing.

    with LoopbackHub(tmp_path / "hub") as hub:
        hub.set_faults([Fault("POST .*/commit/", "status", status=503, times=2)])
        subprocess.run([...], env=hub.client_env(tmp_path / "cache", xet=False))
        hub.tree("tester/name")

The server is a process of its own that keeps everything on disk, so that it can be killed and restarted.
What it holds: one user, dataset repositories with the one branch `main`, commits that add or delete files.
What it leaves out: organisations, pull requests, tags, multi-part uploads, Spaces and models.
"""

from .controller import LoopbackHub
from .faults import Fault

__all__ = ["Fault", "LoopbackHub"]
