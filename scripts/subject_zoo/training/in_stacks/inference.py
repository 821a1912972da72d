"""Logits of many models over many sequences, in blocks of rows that fit the cache."""

import torch

from subject_zoo.training.in_stacks.mlp import Pass, StackedMLP

BLOCK_ROWS = 256


class BlockedInference:
    """Repeated forward passes of a stack over the same rows; the parameters may change in between."""

    def __init__(self, stack: StackedMLP, inputs: torch.Tensor) -> None:
        """`inputs` float32 [k, n, input_size]."""
        self.rows = inputs.shape[1]
        filled = -(-self.rows // BLOCK_ROWS) * BLOCK_ROWS
        # Rows of zeros fill the last block, so that every product has one shape.
        self.inputs = torch.nn.functional.pad(inputs, (0, 0, 0, filled - self.rows))
        self.blocks = Pass(stack, BLOCK_ROWS)

    def logits(self) -> torch.Tensor:
        """Logits float32 [k, n] at the stack's present parameters."""
        parts = [
            self.blocks.forward(self.inputs[:, start : start + BLOCK_ROWS]).squeeze(-1).clone()
            for start in range(0, self.inputs.shape[1], BLOCK_ROWS)
        ]
        return torch.cat(parts, dim=1)[:, : self.rows]
