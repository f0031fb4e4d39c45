"""What reviewers decide about restored shots and reels, in a log that shows any change to it."""
