"""How a modification's prompt asks for its completion, by `format.modification_completion`.

No braces stand here: the first one in a prompt opens its first JSON object.
"""

FORMS = {  # in the task, and in the one line at the end
    "full": (
        "Answer with the improved weights of the whole network as one JSON object with the same keys and shapes as the "
        "weights below.",
        "the improved weights of the whole network as one JSON object, with the keys and shapes of those above",
    ),
    "patch": (
        "Answer with the numbers that change and no others, as one JSON object: under a weight's name an object of the "
        "rows that change, by number, each a list of column, new value, column, new value and so on; under a bias's "
        "name such a list alone. Rows and columns count from 0, and an empty object changes nothing. For example, "
        '"0":[1,-0.41,3,0.52] under "network.0.weight" sets the numbers in its row 0, columns 1 and 3.',
        "the numbers that change as one JSON object: by tensor, by row, a list of column, new value, column, new value",
    ),
}
