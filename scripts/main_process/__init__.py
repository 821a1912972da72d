"""The main process of a run, between Snakemake and a person: its start, one at a time, how it is stopped, its last words.

rules/run.smk puts these in their places; jobs know nothing of them.
"""
