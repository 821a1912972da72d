"""All faults of the campaign, in the order of its table."""

from tests.torture import disk_full, environments, files, kills, side_by_side

FAULTS = [fault for family in (kills, disk_full, side_by_side, environments, files) for fault in family.FAULTS]
