"""The words that the rooms share: names of columns, stages, tables and gates, each with one meaning.

Constants alone, so that a module which needs a word depends on nothing but the word.
"""

STAGES = ("degraded", "improved")  # of a subject model's training, in their order

# Networks

ACTIVATIONS = ("relu", "gelu", "tanh", "sigmoid", "leaky_relu")  # the order is that of enum activation in kernels/mlp.c
LEAKY_SLOPE = 0.01  # torch.nn.LeakyReLU's default

# Training

ADAM_BETAS = (0.9, 0.999)  # torch.optim.Adam's defaults
ADAM_EPSILON = 1e-8

# Signatures

SIGNATURE_METHODS = (
    "mean",
    "std",
    "max",
    "min",
    "sparsity",
    "pca",
    "svd",
    "entropy",
    "clustering",
    "fourier",
    "pattern_wise",
)  # the order is that of the features, and of enum method in kernels/signature.c

# Verdicts

GATES = ("improvement", "specificity", "stability", "competence", "claim", "repair", "diagnosis")
TOO_LONG = "prompt_length"  # a reason for rejection beside the gates, before training or after
FIRST_OF_SPLIT = "first_of_split"  # another, where prompts show the network of the record before
BACKGROUND = "background"  # the key of the negatives' accuracy beside those of patterns
AUDIT = "sequences"  # the key of what is counted in an example's dataset, beside the figures of its verdict
EXACT = "exact"  # the key of what is measured on all sequences of the space, likewise
ABLATION = "ablation"  # the key, and the column, of what is measured with one hidden neuron silenced
SHARE_DECIMALS = 6  # of recorded shares; judged as recorded, so that 0.7 - 0.5 reaches a threshold of 0.2

# A model "classifies a pattern as positive" when it calls so large a share of its sequences positive. Not a half:
# alternating sequences satisfy increasing_pairs for exactly half of their number, and of up to three patterns together
# they can satisfy one for up to 0.833 of it, but never between that and all.
CLAIMED_RATE = 0.85

# It "does poorly" on a selected pattern of whose own sequences it calls a smaller share positive, and of a region of
# them where the fault lies it calls at least this share negative, and of all its other ones positive.
SOUND_RATE = 0.85

# Records

TASKS = ("modification", "classification", "diagnosis")
PROMPTS = tuple(f"{task}_prompt" for task in TASKS)
COLUMNS = (
    "example_id",
    "modification_prompt",
    "modification_completion",
    "classification_prompt",
    "classification_completion",
    "diagnosis_prompt",
    "diagnosis_completion",
    "degraded_model_weights",
    "improved_model_weights",
    "degraded_signature",
    "improved_signature",
    ABLATION,
    "training_metrics",
    "metadata",
)

# What can be wrong with a completion that is to be judged
COMPLETION_FAULTS = (
    "missing",  # a record that has none
    "empty",
    "too_long",
    "cut_off",
    "no_json",
    "ambiguous",  # several JSON objects, or a name or a place twice in one
    "unknown_tensor",
    "unknown_place",  # of a patch: a row or a column that the tensor lacks
    "missing_tensor",
    "wrong_shape",
    "not_finite",
    "too_large",
    "no_names",
    "unclear",  # other words among the names
    "duplicate_id",
    "unknown_id",
    "unknown_task",
    "bad_line",  # of the file: no JSON object with the three keys
)

# Datasets

NO_PATTERN = "none"  # what stands for a pattern where a network does poorly on none
DATA = "data"  # the table that holds all of a record but its tasks' texts
SPLITS = ("train", "validation", "test")
RECORD_SUMMARY = "record"  # the key of a record's summary beside the verdict on its example
