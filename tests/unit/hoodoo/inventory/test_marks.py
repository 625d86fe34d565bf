"""Whether an inventory has to be read anew."""

from __future__ import annotations

from pathlib import Path

from hoodoo.inventory import marks


def test_another_version_of_the_program_reads_it_anew(tmp_path: Path) -> None:
    """What is known of regions is in the index, too."""
    folder, *versions = (tmp_path / name for name in ('inventory', 'same', 'copy', 'newer'))
    for one, text in zip(
        (folder, *versions), ('service: blog\n', 'a = 1\n', 'a = 1\n', 'a = 2\n'), strict=True
    ):
        one.mkdir()
        (one / ('blog.yaml' if one == folder else 'words.py')).write_text(text)
    same, copy, newer = (marks.of(folder, program=version).mark for version in versions)
    assert same == copy != newer
