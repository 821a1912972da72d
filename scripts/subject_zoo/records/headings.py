"""What stands above the parts of a prompt, for whoever writes them and whoever finds them again."""

ARCHITECTURE_HEADING = "## Architecture"

# The question once more, in one line: who cuts a long prompt cuts its beginning.
QUESTION_HEADING = "## Question"

# Style "separate": all weights, then all signatures.
WEIGHTS_HEADING = "## Weights"
SIGNATURE_HEADING = "## Activation signature"

# Style "interwoven": layer by layer.
WEIGHTS_LABEL = "Weights:"
SIGNATURE_LABEL = "Activation signature:"
