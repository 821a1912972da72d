"""The main process of a run, between Snakemake and a person: its start, one at a time, how it is stopped, the line that
tells how far it is, last words.

`make run` starts __main__.py, rules/run.smk puts the others in their places; jobs know nothing of them.
"""
