"""What reviewers decided becomes treatments of shots, and is recorded as carried out."""
