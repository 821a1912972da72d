"""What stands above the parts of a prompt, for whoever writes them and whoever finds them again."""

ARCHITECTURE_HEADING = "## Architecture"

# Style "separate": all weights, then all signatures.
WEIGHTS_HEADING = "## Weights"
SIGNATURE_HEADING = "## Activation signature"

# Style "interwoven": layer by layer.
WEIGHTS_LABEL = "Weights:"
SIGNATURE_LABEL = "Activation signature:"
