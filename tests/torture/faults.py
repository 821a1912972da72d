"""All faults of the campaign, in the order of its table."""

from tests.torture import (
    configurations,
    disk_full,
    environments,
    files,
    hostile,
    kills,
    publishing,
    side_by_side,
    targets,
)

FAMILIES = (kills, disk_full, side_by_side, environments, files, configurations, targets, hostile, publishing)
FAULTS = [fault for family in FAMILIES for fault in family.FAULTS]
