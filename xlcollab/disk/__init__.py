"""The only place that touches files of users: regular files, saved wholly or not at all."""

from xlcollab.disk.atomic import atomic_file, atomic_path, refuse_unwritable
from xlcollab.disk.backups import backup
from xlcollab.disk.missing import meant_file, no_file
from xlcollab.disk.names import fitting_name, output_path
from xlcollab.disk.overwriting import refuse_others
from xlcollab.disk.private import private_folder
from xlcollab.disk.regular import refuse_irregular
from xlcollab.disk.saver import refuse_changed, sole_saver

__all__ = [
    "atomic_file",
    "atomic_path",
    "backup",
    "fitting_name",
    "meant_file",
    "no_file",
    "output_path",
    "private_folder",
    "refuse_changed",
    "refuse_irregular",
    "refuse_others",
    "refuse_unwritable",
    "sole_saver",
]
