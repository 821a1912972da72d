"""A dataset folder as one page for a browser: figures, and records told as stories."""
