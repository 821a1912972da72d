"""A look at what a Snakemake command line says of the configuration, before Snakemake loads it, which an endless one
kills."""

import argparse
from collections.abc import Sequence

import yaml

from subject_zoo.base.errors import UserError
from subject_zoo.base.lines import one_line
from subject_zoo.config.load import check_extent, read_yaml


def check_arguments(arguments: Sequence[str]) -> None:
    """Raise UserError for a --configfile that cannot be read, and for one or a --config that has no end."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--configfile", "--configfiles", nargs="+", action="extend", default=[])
    parser.add_argument("--config", "-C", nargs="*", action="extend", default=[])
    try:
        named, _ = parser.parse_known_args(arguments)
    except argparse.ArgumentError:
        return  # Snakemake says it
    for path in named.configfile:
        read_yaml(path)
    for pair in named.config:
        try:
            check_extent(pair.partition("=")[2])
        except yaml.YAMLError:
            continue  # text, to Snakemake
        except ValueError as error:
            raise UserError(f"--config {one_line(pair, 40)}: {one_line(error)}") from None
