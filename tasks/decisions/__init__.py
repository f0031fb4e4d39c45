"""What reviewers decided: taken, carried out, kept."""
