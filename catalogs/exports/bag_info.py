"""What a bag says of itself: `bag-info.txt` (BagIt 1.0, RFC 8493, section 2.2.2).

Bagging-Date and Payload-Oxum are added by the program that makes the bag.
"""

from catalogs.exports.source_type import source_type_of
from catalogs.exports.subject import RestoredReel


def bag_info(subject: RestoredReel, organization: str = "") -> dict[str, str | list[str]]:
    """Fields of `bag-info.txt`; values are one line each."""
    catalog = subject.reel.catalog
    source_type = source_type_of(subject)
    fields: dict[str, str | list[str]] = {
        "External-Identifier": [subject.derivative_id, _line(catalog.identifier)],
        "External-Description": _line(f"{catalog.title} (restored derivative)"),
        "Internal-Sender-Identifier": subject.derivative_id,
        "Internal-Sender-Description": _line(
            f"Restored derivative of {catalog.identifier}, reel {catalog.reel_number} of "
            f"{catalog.reel_count}, made from {catalog.path} (sha256 "
            f"{subject.reel.content.sha256}) with the recipe {subject.treatment.recipe_name}: "
            f"{source_type.change}. Not the master; the source is not in this bag."
        ),
        "Bag-Group-Identifier": _line(catalog.identifier),
        "Bag-Count": "1 of 1",
        "Bag-Software-Agent": f"{subject.software.partition(',')[0]}, bagit-python",
    }
    if organization:
        fields["Source-Organization"] = _line(organization)
    return fields


def _line(text: str) -> str:
    return " ".join(text.split())
