"""What the Hub's libraries read from the environment when they are loaded."""

TIMEOUT = 60  # seconds without a byte until a request counts as lost


def hub_environment(timeout: int = TIMEOUT) -> dict[str, str]:
    """Variables to set before huggingface_hub and hf_xet are loaded: setting them later has no effect.

    No telemetry, no progress bars in logs, and an end to every wait of hf_xet's, which tries again by itself: what
    lasts longer comes back as an error, and is waited for where a person is told.
    """
    return {
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_XET_CLIENT_CONNECT_TIMEOUT": f"{timeout}s",
        "HF_XET_CLIENT_READ_TIMEOUT": f"{timeout}s",
        "HF_XET_CLIENT_RETRY_MAX_ATTEMPTS": "3",
        "HF_XET_CLIENT_RETRY_MAX_DURATION": f"{2 * timeout}s",
    }
