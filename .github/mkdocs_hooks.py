"""MkDocs' view of the documentation: pages that are made from the code, pictures, the order."""

from __future__ import annotations

from typing import Any

from mkdocs.structure.files import File, Files

from xlcollab.faces.docs.pages import GENERATED, all_pages, pictures


def on_config(config: Any) -> Any:
    """The navigation, section by section."""
    sections: dict[str, list[str]] = {}
    for page in all_pages():
        sections.setdefault(page.section, []).append(page.name)
    config.nav = [{section: names} for section, names in sections.items()]
    return config


def on_files(files: Files, config: Any) -> Files:
    """The pages that no file holds, and the pictures."""
    for page in all_pages():
        if page.name in GENERATED:
            files.append(File.generated(config, page.name, content=page.text))
    for picture in pictures():
        name = f"pictures/{picture.name}"
        if files.get_file_from_path(name) is None:
            files.append(File.generated(config, name, abs_src_path=str(picture)))
    return files
